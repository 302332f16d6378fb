import { FINDING_CODES, type FindingCode } from "../connections/findings";
import type { Reason } from "../connections/reason";
import { Attribute, SpanName } from "../spans/names";
import { FINDING_ADVICE, REASON_ADVICE } from "./advice";
import {
	type Advice,
	type FindingCount,
	MAX_HOSTS,
	NO_REASON,
	OTHER_HOSTS,
	type Run,
	type Summary,
} from "./model";
import { type Attributes, hostOf, isRequest, textAt } from "./read-attributes";
import { Recent } from "./recent";
import { addCost, type Cost, SummaryBuilder } from "./summary-builder";

/** What the statistics need of a finished span. */
export interface SpanFacts {
	readonly name: string;
	readonly spanId: string;
	readonly parentSpanId?: string | undefined;
	readonly attributes: Attributes;
}

/** The part of a run's report that is made of sums. */
export type Statistics = Pick<Run, "overall" | "hosts" | "findings" | "advice">;

/** Setups and lookups that wait for each other: more than a batch of spans holds. */
const REMEMBERED = 10_000;

/** Sums up spans one by one, in whatever order they come, in memory that does not grow with their number. */
export class RunStatistics {
	private readonly overall = new SummaryBuilder();
	private readonly byHost = new Map<string, SummaryBuilder>();
	private readonly byFinding = new Map<FindingCode, number>();
	/** The hosts of setup spans, for the lookups under them. */
	private readonly setupHosts = new Recent<string, SummaryBuilder>(REMEMBERED);
	/** Lookups whose setup has not come yet. */
	private readonly earlyLookups = new Recent<string, number>(REMEMBERED);
	/** A connection can have a further setup span, for a TLS handshake that came later. */
	private readonly connectionIds = new Recent<string, true>(REMEMBERED);

	/** @param duration in milliseconds */
	add(span: SpanFacts, duration: number): void {
		const { name, attributes } = span;
		if (name === SpanName.connectionSetup) this.addSetup(span);
		else if (name === SpanName.dnsLookup) this.addLookup(span);
		else if (isRequest(attributes)) this.addRequest(attributes, duration);
	}

	build(): Statistics {
		const overall = this.overall.build();
		return {
			overall,
			hosts: [...this.byHost]
				.map(([host, summary]) => ({ host, ...summary.build() }))
				.sort((a, b) => b.requests - a.requests),
			findings: this.findings(),
			advice: adviseOn(overall),
		};
	}

	private addSetup({ spanId, attributes }: SpanFacts): void {
		const host = this.summaryOf(attributes);
		this.setupHosts.set(spanId, host);
		host.dnsLookups += this.earlyLookups.take(spanId) ?? 0;
		const id = textAt(attributes, Attribute.connectionId) ?? spanId;
		if (this.connectionIds.has(id)) return;
		this.connectionIds.set(id, true);
		this.overall.connections += 1;
		host.connections += 1;
	}

	private addLookup({ parentSpanId }: SpanFacts): void {
		this.overall.dnsLookups += 1;
		if (parentSpanId === undefined) return;
		const host = this.setupHosts.get(parentSpanId);
		if (host) host.dnsLookups += 1;
		else {
			const earlier = this.earlyLookups.take(parentSpanId) ?? 0;
			this.earlyLookups.set(parentSpanId, earlier + 1);
		}
	}

	private addRequest(attributes: Attributes, duration: number): void {
		this.overall.addRequest(attributes, duration);
		this.summaryOf(attributes).addRequest(attributes, duration);
		const given = attributes[Attribute.findings];
		if (!Array.isArray(given)) return;
		for (const code of FINDING_CODES) {
			if (!given.includes(code)) continue;
			this.byFinding.set(code, (this.byFinding.get(code) ?? 0) + 1);
		}
	}

	private findings(): FindingCount[] {
		return [...this.byFinding]
			.map(([code, count]) => ({
				code,
				count,
				sentence: FINDING_ADVICE[code].sentence,
			}))
			.sort((a, b) => b.count - a.count);
	}

	private summaryOf(attributes: Attributes): SummaryBuilder {
		const name = hostOf(attributes);
		const known = this.byHost.get(name);
		if (known) return known;
		const host = this.byHost.size < MAX_HOSTS ? name : OTHER_HOSTS;
		const summary = this.byHost.get(host) ?? new SummaryBuilder();
		this.byHost.set(host, summary);
		return summary;
	}
}

/** What would save most first, then what there is nothing to do about. */
function adviseOn({ reasons }: Summary): Advice[] {
	const costs = new Map<Reason, Cost>();
	for (const { reason, behind = [], ...own } of reasons) {
		if (reason === NO_REASON) continue;
		addCost(costs, reason, own);
		for (const other of behind) addCost(costs, other.reason, other);
	}
	return [...costs]
		.map(([reason, { count, setupMs }]): Advice => {
			const { change, sentence } = REASON_ADVICE[reason];
			return {
				reason,
				change,
				sentence,
				requests: Math.round(count),
				...(change && { savedMs: setupMs }),
			};
		})
		.sort((a, b) => (b.savedMs ?? -1) - (a.savedMs ?? -1));
}
