import type { ConnectionTracker } from "../connections/tracker";
import type { FreezeWatch } from "./freeze";

/** What the hooks are given by the agent that installs them. */
export interface HookEnvironment {
	readonly tracker: ConnectionTracker;
	readonly now: () => number;
	readonly freezeWatch: FreezeWatch;
	/** The span that is active in the program right now; opaque to the hooks. */
	readonly activeContext: () => unknown;
	readonly tracesHost: (host: string) => boolean;
	/** Takes a fault of the agent itself. */
	readonly onFault: (error: unknown) => void;
}

/** Observes on behalf of the agent: whatever goes wrong stays inside. */
export function observe<T>(
	environment: Pick<HookEnvironment, "onFault">,
	observation: () => T,
): T | undefined {
	try {
		return observation();
	} catch (error) {
		environment.onFault(error);
		return undefined;
	}
}
