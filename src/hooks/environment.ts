import type { ConnectionTracker } from "../connections/tracker";
import type { FreezeWatch } from "./freeze";

/** What the hooks are given by the agent that installs them. */
export interface HookEnvironment {
	/** Another one after a time in which nothing was observed. */
	readonly tracker: ConnectionTracker;
	readonly now: () => number;
	readonly freezeWatch: FreezeWatch;
	/** The span that is active in the program right now; opaque to the hooks. */
	readonly activeContext: () => unknown;
	readonly tracesHost: (host: string, port?: number) => boolean;
	/** Whether the time to live of names that are looked up is asked for. */
	readonly asksTimeToLive: boolean;
	readonly faults: FaultSink;
}

/** Where faults of the agent itself go. */
export interface FaultSink {
	take(error: unknown): void;
	/** Nothing is observed: there were so many, or it is not wanted now. */
	readonly exhausted: boolean;
}

/**
 * An observation that is made over and over again, with its arguments in place of a closure: a hook that runs several
 * times in each request allocates nothing by it. Whatever goes wrong stays inside.
 */
export function observer<A, B = void, C = void, R = void>(
	{ faults }: Pick<HookEnvironment, "faults">,
	observation: (a: A, b: B, c: C) => R,
): (a: A, b: B, c: C) => R | undefined {
	return (a, b, c) => {
		if (faults.exhausted) return undefined;
		try {
			return observation(a, b, c);
		} catch (error) {
			faults.take(error);
			return undefined;
		}
	};
}

/** Observes on behalf of the agent: whatever goes wrong stays inside. */
export function observe<T>(
	environment: Pick<HookEnvironment, "faults">,
	observation: () => T,
): T | undefined {
	const { faults } = environment;
	if (faults.exhausted) return undefined;
	try {
		return observation();
	} catch (error) {
		faults.take(error);
		return undefined;
	}
}
