/** Counts of an agent's connections under one key, at one moment. */
export interface PoolSnapshot {
	readonly free: number;
	readonly busy: number;
	readonly queued: number;
	/** The agent's limit per key; absent if it has none. */
	readonly max?: number | undefined;
}
