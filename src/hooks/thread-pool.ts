/** libuv's own default and limit, and what it makes of a value that is no number (libuv, src/threadpool.c). */
const DEFAULT_SIZE = 4;
const LARGEST_SIZE = 1024;
const SMALLEST_SIZE = 1;

/**
 * How many resolutions libuv runs at once: half of its thread pool, rounded up, as it has it for slow work. It makes
 * the pool when that is first used, by what UV_THREADPOOL_SIZE says then. A program may set the variable before or
 * after that moment, so the largest value seen counts: of a larger pool less wait is claimed. Checked on Node 20, 22,
 * 24, 26.
 */
export class ThreadPool {
	private size = configuredSize();

	readonly lookupThreads = (): number => {
		this.size = Math.max(this.size, configuredSize());
		return Math.ceil(this.size / 2);
	};
}

/** The variables that libuv reads as well, whatever a program puts in their place. */
const { env } = process;

function configuredSize(): number {
	const value = env.UV_THREADPOOL_SIZE;
	if (value === undefined) return DEFAULT_SIZE;
	const size = Number.parseInt(value, 10) || SMALLEST_SIZE;
	return size < 0 ? LARGEST_SIZE : Math.min(size, LARGEST_SIZE);
}

const { nodeTiming } = performance;

/** For how many milliseconds the event loop has waited for something to do since the process began. */
export function eventLoopIdleTime(): number {
	return nodeTiming.idleTime;
}
