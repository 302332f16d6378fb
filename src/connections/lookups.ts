import {
	LookupQueue,
	type LookupQueueOptions,
	type QueuedLookup,
} from "./lookup-queue";
import type { Lookup } from "./setup";

/** What the last lookup of a name brought, and what is known of how long that holds. */
export interface NameRecord {
	answeredAt: number;
	/** The options that decide which addresses are asked for; answers to different questions are not compared. */
	question: string;
	/** Absent if it failed. */
	answers: readonly string[] | undefined;
	timeToLive?: TimeToLive | undefined;
	/** When the name's time to live may be asked for again. */
	askAgainAt: number;
}

interface TimeToLive {
	/** Seconds. */
	readonly seconds: number;
	readonly validUntil: number;
}

/** How many names are remembered; of more, those looked up last. */
const REMEMBERED_NAMES = 1000;
/** How long a name whose time to live is 0 is not asked for again, in milliseconds. */
const SHORTEST_PAUSE = 1000;
/** The same for a name that got no answer. */
const PAUSE_AFTER_FAILURE = 60_000;

export interface LookupsOptions extends LookupQueueOptions {
	/** Milliseconds of a monotonic clock. */
	readonly now: () => number;
}

/** The name resolutions of the process: those under way and what the earlier ones brought. */
export class Lookups {
	/** Those by the system. */
	readonly queue: LookupQueue;
	private readonly names = new Map<string, NameRecord>();
	private readonly now: () => number;

	constructor(options: LookupsOptions) {
		this.queue = new LookupQueue(options);
		this.now = options.now;
	}

	/**
	 * @param question tells apart what may be asked of one name
	 * @param query of the system; absent where a function of the program resolves the name
	 */
	begin(
		name: string,
		question: string,
		start: number,
		query?: QueuedLookup,
	): Lookup {
		const previous = this.names.get(name);
		return {
			name,
			question,
			start,
			custom: query === undefined,
			query,
			inFlight: query?.inFlight ?? this.queue.size,
			answers: [],
			previous: previous && { ...previous },
		};
	}

	end(lookup: Lookup, error?: string): void {
		// A connection that was given up has closed its lookup already.
		if (lookup.end !== undefined) return;
		const { name, question, answers } = lookup;
		lookup.end = this.now();
		if (error !== undefined) lookup.error = error;
		const record = this.names.get(name);
		this.remember(name, {
			answeredAt: lookup.end,
			question,
			answers: error === undefined ? answers : undefined,
			timeToLive: record?.timeToLive,
			askAgainAt: record?.askAgainAt ?? 0,
		});
	}

	/** Whether the time to live of a name is to be asked for now; says so once. */
	shallAskTimeToLive(name: string): boolean {
		const record = this.names.get(name);
		if (!record?.answers || this.now() < record.askAgainAt) return false;
		record.askAgainAt = Number.POSITIVE_INFINITY;
		return true;
	}

	/** @param seconds absent if there was no answer */
	timeToLiveAnswered(lookup: Lookup, seconds: number | undefined): void {
		const record = this.names.get(lookup.name);
		if (!record) return;
		const now = this.now();
		if (seconds === undefined) {
			record.timeToLive = undefined;
			record.askAgainAt = now + PAUSE_AFTER_FAILURE;
			return;
		}
		const validUntil = now + seconds * 1000;
		record.timeToLive = { seconds, validUntil };
		record.askAgainAt = Math.max(validUntil, now + SHORTEST_PAUSE);
		lookup.timeToLive = seconds;
	}

	private remember(name: string, record: NameRecord): void {
		// A map keeps the order in which its keys came.
		this.names.delete(name);
		this.names.set(name, record);
		if (this.names.size <= REMEMBERED_NAMES) return;
		for (const oldest of this.names.keys()) {
			this.names.delete(oldest);
			return;
		}
	}
}

/** Whether the answer was that of the previous lookup; absent if the two cannot be compared. */
export function isSameAnswer({
	previous,
	question,
	answers,
	error,
}: Lookup): boolean | undefined {
	if (error !== undefined || answers.length === 0) return undefined;
	if (!previous?.answers) return undefined;
	if (previous.question !== question) return undefined;
	return sameMembers(previous.answers, answers);
}

/** In seconds. */
export function timeToLiveOf(lookup: Lookup): number | undefined {
	return lookup.timeToLive ?? lookup.previous?.timeToLive?.seconds;
}

/** Whether the answer that was there already still held; absent if nobody knows how long it held. */
export function isAvoidable(lookup: Lookup): boolean | undefined {
	const timeToLive = lookup.previous?.timeToLive;
	if (!timeToLive || isSameAnswer(lookup) === undefined) return undefined;
	return lookup.start < timeToLive.validUntil && isSameAnswer(lookup) === true;
}

function sameMembers(a: readonly string[], b: readonly string[]): boolean {
	return (
		a.every((item) => b.includes(item)) && b.every((item) => a.includes(item))
	);
}
