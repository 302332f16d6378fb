import dns from "node:dns";
import { isIP } from "node:net";
import type { Lookup } from "../connections/setup";
import { beingConnected } from "./connecting";
import { type HookEnvironment, observe } from "./environment";
import {
	listenToPhases,
	type ObservedPhase,
	observedLookups,
} from "./instrumentation-packages";
import { replaceMethod } from "./patch";
import { currentScope, UNTRACED } from "./scope";

/** Watches `dns.lookup` and `dns.promises.lookup`; sockets resolve names by the former. Checked on Node 20, 22, 24, 26. */
export function hookDns(environment: HookEnvironment): void {
	const observed = observedLookups();

	replaceMethod(dns, "lookup", (lookup) => {
		return function (this: unknown, ...args) {
			const onEnd = observe(environment, () => begin(environment, args[0]));
			if (!onEnd) return lookup.apply(this, args);
			const observedArgs = observe(environment, () =>
				listenToPhases(onEnd, () => observed.callbackLookup(args)),
			);
			let refused = true;
			try {
				const result = lookup.apply(this, observedArgs ?? args);
				refused = false;
				return result;
			} finally {
				// Node throws for arguments that it does not take.
				if (refused) onEnd({ name: "lookup", attributes: {}, failure: "" });
			}
		};
	});

	replaceMethod(dns.promises, "lookup", (lookup) => {
		return function (this: unknown, ...args) {
			const { now } = environment;
			const start = now();
			const result = lookup.apply(this, args);
			const onEnd = observe(environment, () =>
				begin(environment, args[0], start),
			);
			if (!onEnd || !(result instanceof Promise)) return result;
			observe(environment, () =>
				listenToPhases(onEnd, () => observed.promisesLookup(args, result)),
			);
			// The package listens to the promise, by which a rejection would count as handled. The program gets one
			// that nobody has listened to.
			return result.then((value: unknown) => value);
		};
	});
}

/** Opens a lookup if a name is to be resolved and nobody watches over it yet; returns what to do at its end. */
function begin(
	environment: HookEnvironment,
	name: unknown,
	start = environment.now(),
): ((phase: ObservedPhase) => void) | undefined {
	const { tracker, activeContext, tracesHost } = environment;
	if (typeof name !== "string" || name === "" || isIP(name) !== 0) return;
	if (currentScope() === UNTRACED) return;
	const connection = beingConnected();
	if (connection) {
		if (connection.setup.lookup) return;
		const lookup = tracker.lookupBegun(name, connection.setup.start);
		connection.setup.lookup = lookup;
		return (phase) =>
			observe(environment, () =>
				tracker.lookupEnded(lookup, outcome(lookup, phase)),
			);
	}
	if (!tracesHost(name)) return;
	const context = activeContext();
	const lookup = tracker.lookupBegun(name, start);
	return (phase) =>
		observe(environment, () =>
			tracker.standaloneLookupEnded(lookup, context, outcome(lookup, phase)),
		);
}

/** Notes the answers and returns the error code of a lookup that failed. */
function outcome(
	lookup: Lookup,
	{ attributes, failure }: ObservedPhase,
): string | undefined {
	if (failure !== undefined) return errorCode(failure);
	// The connection was given up before its answer came.
	if (lookup.end !== undefined) return undefined;
	for (const [name, value] of Object.entries(attributes)) {
		if (name.startsWith("peer") && typeof value === "string") {
			lookup.answers.push(value);
		}
	}
	return undefined;
}

/** The package keeps the message alone: `getaddrinfo ENOTFOUND example.test`. */
function errorCode(message: string): string {
	return /\bE[A-Z][A-Z0-9_]+\b/.exec(message)?.[0] ?? "_OTHER";
}
