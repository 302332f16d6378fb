import { totalmem } from "node:os";

const SHARE = 1 / 32;
const LEAST = 8 * 1024 * 1024;
const MOST = 64 * 1024 * 1024;

/** How many bytes of spans may wait for a collector: a share of the memory that the process may use, within limits. */
export function queueBytes(): number {
	// Without a limit it is 0, unknown, or far more than there is.
	const limit = process.constrainedMemory() || Number.POSITIVE_INFINITY;
	const share = Math.min(limit, totalmem()) * SHARE;
	return Math.min(Math.max(share, LEAST), MOST);
}
