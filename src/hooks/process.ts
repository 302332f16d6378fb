import { replaceMethod } from "./patch";

/** The signals that ask a process to end. */
const SIGNALS = ["SIGTERM", "SIGINT"] as const;

export type EndSignal = (typeof SIGNALS)[number];

/** Called from within the program: they must not throw. */
export interface ProcessEvents {
	/** The process ends, and returns to the event loop no more. */
	exit(): void;
	/**
	 * A signal came that the program does not listen to.
	 * @param end lets the signal end the process, as it would have done
	 */
	signal(end: () => void): void;
}

/**
 * Sees how the process ends, without a listener: a program can count listeners, and packages such as `signal-exit`
 * leave a process alive at a signal that somebody else listens to. Node receives a signal while it has a listener for
 * it, by two listeners of its own for `newListener` and `removeListener`; they are called as if there were one whenever
 * the program has none. In a worker thread there are no signals. Checked on Node 20, 22, 24, 26.
 */
export function hookProcess(events: ProcessEvents): void {
	const start = nodesListener("newListener", "startListeningIfSignal");
	const stop = nodesListener("removeListener", "stopListeningIfSignal");

	// A property of the process itself would show when a program lists those.
	replaceMethod(Object.getPrototypeOf(process), "emit", (emit) => {
		return function (this: unknown, ...args) {
			const [event, name] = args;
			if (event === "exit") events.exit();
			else if (isUnheard(event)) events.signal(() => end(event));
			// The program's first listener finds everything as it would be without us.
			else if (event === "newListener" && isUnheard(name)) stop?.(name);
			const result = emit.apply(this, args);
			if (event === "removeListener" && isUnheard(name)) start?.(name);
			return result;
		};
	});
	for (const signal of SIGNALS) start?.(signal);

	function end(signal: EndSignal): void {
		stop?.(signal);
		process.kill(process.pid, signal);
	}
}

function isUnheard(event: unknown): event is EndSignal {
	return (
		SIGNALS.some((signal) => signal === event) &&
		process.listenerCount(event as EndSignal) === 0
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
