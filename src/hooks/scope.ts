import type { PoolIdentity } from "../connections/connection";
import type { Request } from "../connections/request";

/** On whose behalf the code that runs right now makes connections. */
export interface Cause {
	readonly request: Request;
	readonly pool: PoolIdentity | undefined;
}

/** The cause of connections that are nobody's business, such as the export of spans. */
export const UNTRACED = Symbol("untraced");

type Scope = Cause | typeof UNTRACED | undefined;

let current: Scope;

/**
 * The cause that is active in this turn of the event loop. Node's agents begin their connections synchronously,
 * which is why a variable is enough and no asynchronous context is needed.
 */
export function currentScope(): Scope {
	return current;
}

export function runInScope<T>(scope: Scope, run: () => T): T {
	const outer = current;
	current = scope;
	try {
		return run();
	} finally {
		current = outer;
	}
}
