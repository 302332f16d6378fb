import dns from "node:dns";
import { isIP } from "node:net";
import type { QueuedLookup } from "../connections/lookup-queue";
import type { Lookup } from "../connections/setup";
import { beingConnected } from "./connecting";
import { type HookEnvironment, observe, observer } from "./environment";
import { errorType } from "./errors";
import { replaceMethod } from "./patch";
import { currentScope, UNTRACED } from "./scope";
import type * as TtlProbeModule from "./ttl-probe";

/** Takes what the callback of the call is given. */
type EndListener = (
	error: unknown,
	answer?: string | dns.LookupAddress | readonly dns.LookupAddress[],
) => void;
/** As they are before a program puts others in their place. */
const { apply } = Reflect;
const NodesPromise = Promise;
const { then } = Promise.prototype;

/** Stands for the error of a refused call, which is not caught: caught and thrown again, it would be shown as thrown here. */
const REFUSED = "refused";

/** Takes the arguments of a call and when it was made; returns what to do at its end, if it is to be watched. */
type Begin = (args: readonly any[], start: number) => EndListener | undefined;

/**
 * Watches `dns.lookup` and `dns.promises.lookup`; sockets resolve names by the former. `lookupService` is not traced,
 * but takes a thread of the same pool. Checked on Node 20, 22, 24, 26.
 */
export function hookDns(environment: HookEnvironment): void {
	watchCalls(environment, "lookup", (args, start) =>
		begin(environment, args, start),
	);
	watchCalls(environment, "lookupService", () => {
		const { queue } = environment.tracker.lookups;
		const query = queue.enter();
		return () => queue.leave(query);
	});
}

/** Watches both forms of a method: the one with a callback and the one that returns a promise. */
function watchCalls(
	environment: HookEnvironment,
	method: "lookup" | "lookupService",
	beginCall: Begin,
): void {
	const { now } = environment;
	const ended = observer(
		environment,
		(onEnd: EndListener, error: unknown, answer: Parameters<EndListener>[1]) =>
			onEnd(error, answer),
	);

	replaceMethod(dns, method, (original) => {
		return function (this: unknown, ...args) {
			const callback = args[args.length - 1];
			// Without a callback Node refuses the call.
			if (typeof callback !== "function") return original.apply(this, args);
			const onEnd = observe(environment, () => beginCall(args, now()));
			if (!onEnd) return original.apply(this, args);
			args[args.length - 1] = function (this: unknown, ...results: any[]) {
				ended(onEnd, results[0], results[1]);
				// A function of the program may have an `apply` of its own.
				return apply(callback, this, results);
			};
			let refused = true;
			try {
				const result = original.apply(this, args);
				refused = false;
				return result;
			} finally {
				// Node throws for arguments that it does not take.
				if (refused) ended(onEnd, REFUSED, undefined);
			}
		};
	});

	replaceMethod(dns.promises, method, (original) => {
		return function (this: unknown, ...args) {
			const start = observe(environment, now);
			const result = original.apply(this, args);
			if (start === undefined || !(result instanceof NodesPromise)) {
				return result;
			}
			const onEnd = observe(environment, () => beginCall(args, start));
			if (!onEnd) return result;
			// With a listener a rejection counts as handled: the program gets a promise that nobody has listened to.
			return then.call(
				result,
				(answer) => {
					ended(onEnd, undefined, answer as Parameters<EndListener>[1]);
					return answer;
				},
				(error) => {
					ended(onEnd, error, undefined);
					throw error;
				},
			);
		};
	});
}

/** Opens a lookup if the system is asked for a name. */
function begin(
	environment: HookEnvironment,
	[name, options]: readonly any[],
	start: number,
): EndListener | undefined {
	if (typeof name !== "string" || name === "" || isIP(name) !== 0) return;
	const { lookups } = environment.tracker;
	const query = lookups.queue.enter();
	const onEnd = beginTraced(environment, name, options, start, query);
	return (error, answer) => {
		lookups.queue.leave(query);
		onEnd?.(error, answer);
	};
}

function beginTraced(
	environment: HookEnvironment,
	name: string,
	options: unknown,
	start: number,
	query: QueuedLookup,
): EndListener | undefined {
	if (currentScope() === UNTRACED) return;
	const { tracker, activeContext, tracesHost } = environment;
	const { lookups } = tracker;
	const setup = beingConnected()?.setup;
	if (setup?.lookup?.name === name) {
		// A function of the program resolves the name, and asks the system.
		setup.lookup.query ??= query;
		return;
	}
	if (setup && !setup.lookup) {
		const question = questionOf(options);
		const lookup = lookups.begin(name, question, setup.start, query);
		setup.lookup = lookup;
		return (error, answer) => {
			lookups.end(lookup, outcome(lookup, error, answer));
			askTimeToLive(environment, lookup);
		};
	}
	if (!tracesHost(name)) return;
	const context = activeContext();
	const lookup = lookups.begin(name, questionOf(options), start, query);
	return (error, answer) => {
		tracker.standaloneLookupEnded(
			lookup,
			context,
			outcome(lookup, error, answer),
		);
		askTimeToLive(environment, lookup);
	};
}

function askTimeToLive(environment: HookEnvironment, lookup: Lookup): void {
	if (!environment.asksTimeToLive) return;
	const probe = require("./ttl-probe") as typeof TtlProbeModule;
	probe.askTimeToLive(environment, lookup);
}

/** Of a lookup that was not seen to begin. */
export const UNKNOWN_QUESTION = "unknown";

/** Lookups with other options may answer differently. */
export function questionOf(options: unknown): string {
	try {
		const { family, all, hints }: dns.LookupOptions =
			typeof options === "number" ? { family: options } : Object(options);
		return `${family ?? 0} ${all ? "all" : "one"} ${hints ?? 0}`;
	} catch {
		// What throws when it is read or made a text is for Node to refuse, or for the function that is asked.
		return UNKNOWN_QUESTION;
	}
}

/** Notes the answers and returns the error code of a lookup that failed. */
function outcome(
	lookup: Lookup,
	...[error, answer]: Parameters<EndListener>
): string | undefined {
	if (error) return errorType(error);
	// The connection was given up before its answer came.
	if (lookup.end !== undefined) return undefined;
	if (typeof answer === "string") lookup.answers.push(answer);
	else if (Array.isArray(answer)) {
		for (const { address } of answer) lookup.answers.push(address);
	} else if (answer) lookup.answers.push((answer as dns.LookupAddress).address);
	return undefined;
}
