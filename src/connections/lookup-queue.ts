/** A resolution by the system, which takes a thread of libuv's pool for as long as it runs. */
export interface QueuedLookup {
	/** Its place in the order of all. */
	readonly number: number;
	/** Resolutions under way when this one was asked for. */
	readonly inFlight: number;
	/** For how many milliseconds at least it waited for a thread; absent where no wait can be shown. */
	wait?: number;
	over: boolean;
}

interface Waiting {
	readonly lookup: QueuedLookup;
	/** Earlier resolutions that must be over before this one can have got a thread. */
	ahead: number;
	/** The event loop's idle time when it began to wait. */
	readonly idleTime: number;
}

export interface LookupQueueOptions {
	/** How many resolutions can run at once. */
	readonly threads: () => number;
	/** For how many milliseconds the event loop has had nothing to do so far. */
	readonly idleTime: () => number;
}

/**
 * The resolutions by the system that are under way. They get their threads in the order in which they were asked for,
 * so one that finds all threads taken waits, without any doubt, until enough of those before it are over.
 *
 * That they are over is seen when the event loop runs their callbacks, which may be later than it happened if the
 * loop was busy, and never while it idles. So idle time alone counts as wait: the value is a lower bound.
 */
export class LookupQueue {
	private readonly options: LookupQueueOptions;
	private waiting: Waiting[] = [];
	private underWay = 0;
	private entered = 0;

	constructor(options: LookupQueueOptions) {
		this.options = options;
	}

	get size(): number {
		return this.underWay;
	}

	enter(): QueuedLookup {
		this.entered += 1;
		const lookup: QueuedLookup = {
			number: this.entered,
			inFlight: this.underWay,
			over: false,
		};
		this.underWay += 1;
		const ahead = lookup.inFlight - this.options.threads() + 1;
		if (ahead > 0) {
			this.waiting.push({ lookup, ahead, idleTime: this.options.idleTime() });
		}
		return lookup;
	}

	/** Nobody waits for its answer any more; it takes its thread all the same. */
	giveUp(lookup: QueuedLookup): void {
		const entry = this.waiting.find((waiting) => waiting.lookup === lookup);
		if (!entry) return;
		this.noteWait(entry);
		this.waiting = this.waiting.filter((other) => other !== entry);
	}

	leave(lookup: QueuedLookup): void {
		if (lookup.over) return;
		lookup.over = true;
		this.underWay -= 1;
		if (this.waiting.length === 0) return;
		for (const entry of this.waiting) {
			if (entry.lookup.number < lookup.number) continue;
			entry.ahead -= 1;
			if (entry.ahead === 0) this.noteWait(entry);
		}
		this.waiting = this.waiting.filter(
			({ ahead, lookup }) => ahead > 0 && !lookup.over,
		);
	}

	private noteWait({ lookup, idleTime }: Waiting): void {
		const wait = this.options.idleTime() - idleTime;
		if (wait > 0) lookup.wait = wait;
	}
}
