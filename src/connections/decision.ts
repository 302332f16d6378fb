import type { PoolSnapshot } from "./pool";
import type { Reason } from "./reason";

/** Why a request got a fresh connection, and what shows it. */
export interface Decision {
	readonly reason: Reason;
	/** The evidence, with the measured value and the limit where there is one. */
	readonly detail: string;
	readonly contributing: readonly Reason[];
	/** Id of the connection whose end made this one necessary. */
	readonly previousId?: string | undefined;
	/** The pool before the decision; absent where no pool was used. */
	readonly pool?: PoolSnapshot | undefined;
}
