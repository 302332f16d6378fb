import type { ConnectionTracker } from "../connections/tracker";
import type { FreezeWatch } from "./freeze";

/** What the hooks are given by the agent that installs them. */
export interface HookEnvironment {
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
	/** There were so many that nothing is observed any more. */
	readonly exhausted: boolean;
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
