import { isMainThread } from "node:worker_threads";

/** How far apart a worker thread hands spans over, in milliseconds. */
const WORKER_INTERVAL = 50;

/**
 * How long spans wait for others. A worker thread can be terminated at any moment, by which all that it holds is lost:
 * it hands spans over at once, unless it has just done so.
 */
export class Pace {
	private last = Number.NEGATIVE_INFINITY;

	/** @param interval in the main thread, in milliseconds */
	constructor(private readonly interval: number) {}

	get delay(): number {
		if (isMainThread) return this.interval;
		const interval = Math.min(WORKER_INTERVAL, this.interval);
		return Math.max(0, this.last + interval - performance.now());
	}

	/** Spans are handed over now. */
	handOver(): void {
		this.last = performance.now();
	}
}
