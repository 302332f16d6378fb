import { Attribute, SpanName } from "../spans/names.js";
import { duration, type Span } from "./span.js";

/** What a set of spans says about its requests and their connections. */
export interface Summary {
	readonly requests: number;
	/** Requests that caused a new connection. */
	readonly fresh: number;
	/** Requests served by a connection that had carried one before. */
	readonly reused: number;
	readonly dnsLookups: number;
	/** Duration of the requests in milliseconds; absent without requests. */
	readonly latency?: { readonly p50: number; readonly p95: number };
	/** Milliseconds that requests paid for new connections, summed. */
	readonly setup: number;
	/** Why connections were fresh, the most frequent reason first. */
	readonly reasons: readonly ReasonCount[];
}

export interface ReasonCount {
	readonly reason: string;
	readonly count: number;
}

/**
 * Summarises requests. A request that was never given a connection counts as neither fresh nor reused.
 */
export function summarize(spans: readonly Span[]): Summary {
	const requests = spans.filter(isRequest);
	const fresh = requests.filter(
		({ attributes }) => attributes[Attribute.connectionReused] === false,
	);
	const reused = requests.filter(
		({ attributes }) => attributes[Attribute.connectionReused] === true,
	);
	const durations = requests.map(duration).sort((a, b) => a - b);
	return {
		requests: requests.length,
		fresh: fresh.length,
		reused: reused.length,
		dnsLookups: spans.filter(({ name }) => name === SpanName.dnsLookup).length,
		...(durations.length > 0 && {
			latency: {
				p50: percentile(durations, 50),
				p95: percentile(durations, 95),
			},
		}),
		setup: sum(fresh, Attribute.connectionSetup),
		reasons: countReasons(fresh),
	};
}

export function isRequest({ attributes }: Span): boolean {
	return attributes[Attribute.httpRequestMethod] !== undefined;
}

/**
 * The nearest-rank percentile: the smallest value that at least `percent` per cent of the values do not exceed.
 * @param sorted in ascending order, not empty
 */
export function percentile(sorted: readonly number[], percent: number): number {
	const rank = Math.max(1, Math.ceil((percent / 100) * sorted.length));
	const value = sorted[rank - 1];
	if (value === undefined) {
		throw new RangeError(
			`percentile: expected values and a percentage up to 100, got ${sorted.length} values and ${percent}`,
		);
	}
	return value;
}

function sum(spans: readonly Span[], attribute: string): number {
	let total = 0;
	for (const { attributes } of spans) {
		const value = attributes[attribute];
		if (typeof value === "number") total += value;
	}
	return total;
}

function countReasons(fresh: readonly Span[]): ReasonCount[] {
	const counts = new Map<string, number>();
	for (const { attributes } of fresh) {
		const reason = String(attributes[Attribute.reason] ?? "(not given)");
		counts.set(reason, (counts.get(reason) ?? 0) + 1);
	}
	return [...counts]
		.map(([reason, count]) => ({ reason, count }))
		.sort((a, b) => b.count - a.count);
}
