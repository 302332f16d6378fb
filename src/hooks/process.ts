import { constants } from "node:os";
import { runOutside } from "../outside";
import { countListeners } from "./listeners";
import { replaceMethod } from "./patch";
import { restoreStandardStreams } from "./standard-streams";
import { withProperty } from "./temporary-property";

/** The signals that ask a process to end. */
const SIGNALS = ["SIGTERM", "SIGINT"] as const;

type EndSignal = (typeof SIGNALS)[number];

export interface ProcessEvents {
	/** The process ends, by itself or by a signal that the program does not listen to, and returns to the event loop no more. */
	readonly onEnd: () => void;
	/** Runs something of the agent's own, and keeps its faults from the program. */
	readonly guard: (run: () => void) => void;
}

export interface HookedProcess {
	/** From now on a signal is not to end the process before `onEnd` has run. */
	receiveSignals(): void;
}

/**
 * Sees how the process ends, in every way in which it can, and changes none of them. Nothing is done while the event loop
 * could still run: a program would be told a second time that it is about to end (`beforeExit`). There is no listener: a
 * program can count listeners, and packages such as `signal-exit` leave a process alive at a signal that somebody else
 * listens to. Node receives a signal while it has a listener for it, by two listeners of its own for `newListener` and
 * `removeListener`; they are called as if there were one whenever the program has none. Once begun, this does not stop: a
 * signal that has come by then, and has not been told yet, would be lost. In a worker thread there are no signals.
 * Checked on Node 20, 22, 24, 26.
 */
export function hookProcess({ onEnd, guard }: ProcessEvents): HookedProcess {
	const start = nodesListener("newListener", "startListeningIfSignal");
	const stop = nodesListener("removeListener", "stopListeningIfSignal");
	const { kill, pid } = process;
	let receives = false;

	/** Node gives a signal to `process.emit` as it was at the start; a program that calls that one has sent no signal. */
	const receive = (signal: EndSignal): void =>
		runOutside(() =>
			withProperty(
				process,
				"emit",
				() => end(signal),
				() => start?.(signal),
			),
		);

	function end(signal: EndSignal): void {
		prepareFor(signal);
		kill.call(process, pid, signal);
	}

	function prepareFor(signal: EndSignal): void {
		guard(onEnd);
		guard(restoreStandardStreams);
		// Nobody listens, whatever the program has made of the process, and the signal ends it as it would have done.
		withProperty(
			process,
			"listenerCount",
			() => 0,
			() => stop?.(signal),
		);
	}

	// What the process sends to itself ends it at once: received, it would be told in a turn of the event loop that may not come.
	replaceMethod(process, "kill", (kill) => {
		return function (this: unknown, ...args) {
			guard(() => {
				const [to, signal] = args;
				const name = signalNamed(signal);
				// Zero stands for all of its group.
				const toItself = to === pid || to === 0;
				if (receives && toItself && isUnheard(name)) prepareFor(name);
			});
			return kill.apply(this, args);
		};
	});

	// A property of the process itself would show when a program lists those.
	replaceMethod(Object.getPrototypeOf(process), "emit", (emit) => {
		return function (this: unknown, ...args) {
			const [event, name] = args;
			if (event === "exit") guard(onEnd);
			// The program's first listener finds everything as it would be without us.
			else if (event === "newListener") {
				guard(() => {
					if (receives && isUnheard(name)) stop?.(name);
				});
			}
			const heard = emit.apply(this, args);
			if (event === "removeListener") {
				guard(() => {
					if (receives && isUnheard(name)) receive(name);
				});
			}
			return heard;
		};
	});

	return {
		receiveSignals() {
			if (receives || !start) return;
			receives = true;
			// Node receives those already that the program listens to.
			for (const signal of SIGNALS) receive(signal);
		},
	};
}

/** Node takes the name and the number of a signal, and SIGTERM where there is neither. */
function signalNamed(signal: unknown): EndSignal | undefined {
	if (signal !== 0 && !signal) return "SIGTERM";
	return SIGNALS.find(
		(name) => name === signal || constants.signals[name] === signal,
	);
}

function isUnheard(event: unknown): event is EndSignal {
	return (
		SIGNALS.includes(event as EndSignal) &&
		countListeners(process, event as EndSignal) === 0
	);
}

function nodesListener(
	event: string,
	name: string,
): ((signal: EndSignal) => void) | undefined {
	const listener: any = process
		.listeners(event as NodeJS.Signals)
		.find((candidate) => candidate.name === name);
	return listener && ((signal) => listener.call(process, signal));
}
