import dns from "node:dns";
import { isIP } from "node:net";
import type { Lookup } from "../connections/setup";
import { beingConnected } from "./connecting";
import { type HookEnvironment, observe } from "./environment";
import {
	instrumentLookups,
	listenToPhases,
	type ObservedPhase,
} from "./instrumentation-packages";
import { replaceMethod } from "./patch";
import { currentScope, UNTRACED } from "./scope";

/** Watches `dns.lookup` and `dns.promises.lookup`; sockets resolve names by the former. Checked on Node 20, 22, 24, 26. */
export function hookDns(environment: HookEnvironment): void {
	const instrumented = instrumentLookups(dns.lookup, dns.promises.lookup);
	replaceMethod(dns, "lookup", (original) =>
		watched(environment, original, instrumented.lookup),
	);
	replaceMethod(dns.promises, "lookup", (original) =>
		watched(environment, original, instrumented.promisesLookup),
	);
}

type LookupFunction = (this: unknown, ...args: any[]) => any;

function watched(
	environment: HookEnvironment,
	original: LookupFunction,
	instrumented: LookupFunction,
): LookupFunction {
	return function lookup(this: unknown, ...args) {
		const onEnd = observe(environment, () => begin(environment, args[0]));
		if (!onEnd) return original.apply(this, args);
		return listenToPhases(
			(phase) => observe(environment, () => onEnd(phase)),
			() => unobserved(instrumented.apply(this, args)),
		);
	};
}

/**
 * The package listens to the promise that it returns, by which a rejection would count as handled. The program gets
 * one that nobody has listened to.
 */
function unobserved(result: unknown): unknown {
	return result instanceof Promise ? result.then((value) => value) : result;
}

/** Opens a lookup if a name is to be resolved and nobody watches over it yet; returns what to do at its end. */
function begin(
	{ tracker, activeContext, tracesHost }: HookEnvironment,
	name: unknown,
): ((phase: ObservedPhase) => void) | undefined {
	if (typeof name !== "string" || name === "" || isIP(name) !== 0) return;
	if (currentScope() === UNTRACED) return;
	const connection = beingConnected();
	if (connection) {
		if (connection.setup.lookup) return;
		const lookup = tracker.lookupBegun(name, connection.setup.start);
		connection.setup.lookup = lookup;
		return (phase) => {
			tracker.lookupEnded(lookup, outcome(lookup, phase));
		};
	}
	if (!tracesHost(name)) return;
	const context = activeContext();
	const lookup = tracker.lookupBegun(name);
	return (phase) => {
		tracker.standaloneLookupEnded(lookup, context, outcome(lookup, phase));
	};
}

/** Notes the answers and returns the error code of a lookup that failed. */
function outcome(
	lookup: Lookup,
	{ attributes, failure }: ObservedPhase,
): string | undefined {
	if (failure !== undefined) return errorCode(failure);
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
