import { REASONS, type Reason } from "../connections/reason";
import { Attribute } from "../spans/names";
import { changeableBehind } from "./advice";
import {
	NO_REASON,
	type ReasonBehind,
	type ReasonCost,
	type Summary,
} from "./model";
import { Quantiles } from "./quantiles";
import {
	type Attributes,
	numberAt,
	textAt,
	textsAt,
	weightOf,
} from "./read-attributes";

/** Sums up requests, to one host or to all, in memory that does not grow with their number. */
export class SummaryBuilder {
	connections = 0;
	dnsLookups = 0;
	private recorded = 0;
	private requests = 0;
	private fresh = 0;
	private reused = 0;
	private failed = 0;
	private setupMs = 0;
	private readonly latency = new Quantiles();
	private readonly freshLatency = new Quantiles();
	private readonly reusedLatency = new Quantiles();
	private readonly reasons = new Map<ReasonCost["reason"], CostOfReason>();
	private freshMs = 0;
	private readonly freshTime = {
		waitMs: 0,
		dnsMs: 0,
		tcpMs: 0,
		tlsMs: 0,
		firstByteMs: 0,
	};

	/** @param duration in milliseconds */
	addRequest(attributes: Attributes, duration: number): void {
		const weight = weightOf(attributes);
		this.recorded += 1;
		this.requests += weight;
		this.latency.add(duration, weight);
		if (attributes[Attribute.errorType] !== undefined) this.failed += weight;
		const reused = attributes[Attribute.connectionReused];
		if (reused === true) {
			this.reused += weight;
			this.reusedLatency.add(duration, weight);
		} else if (reused === false) {
			this.addFresh(attributes, duration, weight);
		}
	}

	build(): Summary {
		const { fresh, reused } = this;
		const used = fresh + reused;
		const { waitMs, dnsMs, tcpMs, tlsMs, firstByteMs } = this.freshTime;
		const told = waitMs + dnsMs + tcpMs + tlsMs + firstByteMs;
		const latency = this.latency.distribution();
		const freshLatency = this.freshLatency.distribution();
		const reusedLatency = this.reusedLatency.distribution();
		return {
			requests: Math.round(this.requests),
			recorded: this.recorded,
			fresh: Math.round(fresh),
			reused: Math.round(reused),
			failed: Math.round(this.failed),
			...(used > 0 && { reuseRatio: reused / used }),
			connections: this.connections,
			dnsLookups: this.dnsLookups,
			setupMs: this.setupMs,
			...(latency && { latency }),
			...(freshLatency && { freshLatency }),
			...(reusedLatency && { reusedLatency }),
			...(freshLatency && {
				freshTime: {
					...this.freshTime,
					otherMs: Math.max(0, this.freshMs - told),
				},
			}),
			reasons: [...this.reasons]
				.map(([reason, { behind, ...cost }]) => ({
					reason,
					...cost,
					...(behind.size > 0 && { behind: sorted(behind) }),
				}))
				.sort(dearestFirst),
		};
	}

	private addFresh(
		attributes: Attributes,
		duration: number,
		weight: number,
	): void {
		const at = (name: string) => weight * (numberAt(attributes, name) ?? 0);
		const setupMs = at(Attribute.connectionSetup);
		this.fresh += weight;
		this.setupMs += setupMs;
		this.freshLatency.add(duration, weight);
		this.freshMs += weight * duration;
		this.freshTime.waitMs += weight * queueTime(attributes);
		this.freshTime.dnsMs += at(Attribute.dnsLookup);
		this.freshTime.tcpMs += at(Attribute.tcpConnect);
		this.freshTime.tlsMs += at(Attribute.tlsHandshake);
		this.freshTime.firstByteMs += at(Attribute.timeToFirstByte);
		this.addReason(attributes, setupMs, weight);
	}

	private addReason(
		attributes: Attributes,
		setupMs: number,
		weight: number,
	): void {
		const reason = reasonOf(attributes) ?? NO_REASON;
		const example = textAt(attributes, Attribute.reasonDetail);
		const cost = this.reasons.get(reason) ?? {
			count: 0,
			setupMs: 0,
			...(example && { example }),
			behind: new Map(),
		};
		cost.count += weight;
		cost.setupMs += setupMs;
		this.reasons.set(reason, cost);
		if (reason === NO_REASON) return;
		const contributing = (textsAt(attributes, Attribute.contributing) ?? [])
			.map((text) => KNOWN_REASONS.get(text))
			.filter((other) => other !== undefined);
		for (const other of changeableBehind(reason, contributing)) {
			addCost(cost.behind, other, { count: weight, setupMs });
		}
	}
}

export interface Cost {
	count: number;
	setupMs: number;
}

/** Adds what requests cost to what is known of others with that reason. */
export function addCost(
	costs: Map<Reason, Cost>,
	reason: Reason,
	{ count, setupMs }: Readonly<Cost>,
): void {
	const cost = costs.get(reason) ?? { count: 0, setupMs: 0 };
	cost.count += count;
	cost.setupMs += setupMs;
	costs.set(reason, cost);
}

interface CostOfReason extends Cost {
	readonly example?: string;
	readonly behind: Map<Reason, Cost>;
}

function sorted(costs: ReadonlyMap<Reason, Cost>): ReasonBehind[] {
	return [...costs]
		.map(([reason, cost]) => ({ reason, ...cost }))
		.sort(dearestFirst);
}

function dearestFirst(a: Cost, b: Cost): number {
	return b.setupMs - a.setupMs || b.count - a.count;
}

const KNOWN_REASONS: ReadonlyMap<unknown, Reason> = new Map(
	REASONS.map((reason) => [reason, reason]),
);

export function reasonOf(attributes: Attributes): Reason | undefined {
	return KNOWN_REASONS.get(attributes[Attribute.reason]);
}

/** The wait for a connection without the time in which that connection was made for the request. */
function queueTime(attributes: Attributes): number {
	const wait = numberAt(attributes, Attribute.connectionWait) ?? 0;
	const setup = numberAt(attributes, Attribute.connectionSetup) ?? 0;
	return Math.max(0, wait - setup);
}
