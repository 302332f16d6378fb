import { isMainThread } from "node:worker_threads";
import { now } from "../clocks";

/** How long a worker thread holds spans back at most, in milliseconds: it can be terminated at any moment. */
export const WORKER_INTERVAL = 100;

/** How long spans wait for others in a place where they are at once: not at all in a worker thread, unless it has just handed some over. */
export class Pace {
	private last = Number.NEGATIVE_INFINITY;

	/** @param interval in the main thread, in milliseconds */
	constructor(private readonly interval: number) {}

	get delay(): number {
		return isMainThread
			? this.interval
			: Math.max(0, this.last + WORKER_INTERVAL - now());
	}

	/** Spans are handed over now. */
	handOver(): void {
		this.last = now();
	}
}
