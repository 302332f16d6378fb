import { FINDING_CODES, type FindingCode } from "../connections/findings";
import { REASONS, type Reason } from "../connections/reason";
import { Attribute, SpanName } from "../spans/names";
import type { ReasonCost } from "./advice";
import { Quantiles } from "./quantiles";

/** What the statistics need of a finished span. */
export interface SpanFacts {
	readonly name: string;
	readonly spanId: string;
	readonly parentSpanId?: string | undefined;
	readonly attributes: Readonly<Record<string, unknown>>;
	/** In milliseconds. */
	readonly duration: number;
}

/** The connections and requests of a run to one host and port. */
export interface HostStatistics {
	/** `host:port`. */
	readonly host: string;
	/** Connections made, or attempted, whether or not for a request. */
	connections: number;
	requests: number;
	fresh: number;
	reused: number;
	dnsLookups: number;
	/** Milliseconds that requests paid for new connections, summed. */
	setup: number;
	/** Durations of the requests. */
	readonly freshLatency: Quantiles;
	readonly reusedLatency: Quantiles;
}

/** A program that talks to more hosts has the rest of them in one row. */
const MAX_HOSTS = 100;

const OTHER_HOSTS = "(other hosts)";

/** Sums up spans one by one as they are finished, in memory that does not grow with their number. */
export class RunStatistics {
	private readonly byHost = new Map<string, HostStatistics>();
	private readonly byReason = new Map<
		Reason,
		{ count: number; setup: number }
	>();
	private readonly byFinding = new Map<FindingCode, number>();
	/** Phases follow the setup that they belong to. */
	private lastSetup: { spanId: string; host: HostStatistics } | undefined;

	add(span: SpanFacts): void {
		const { name, attributes } = span;
		if (name === SpanName.connectionSetup) {
			const host = this.hostOf(attributes);
			host.connections += 1;
			this.lastSetup = { spanId: span.spanId, host };
		} else if (name === SpanName.dnsLookup) {
			if (this.lastSetup?.spanId === span.parentSpanId && this.lastSetup) {
				this.lastSetup.host.dnsLookups += 1;
			}
		} else if (attributes[Attribute.httpRequestMethod] !== undefined) {
			this.addRequest(span);
		}
	}

	/** Hosts, those with the most requests first. */
	get hosts(): readonly HostStatistics[] {
		return [...this.byHost.values()].sort((a, b) => b.requests - a.requests);
	}

	/** Reasons for fresh connections, the most expensive first. */
	get reasons(): readonly ReasonCost[] {
		return [...this.byReason]
			.map(([reason, cost]) => ({ reason, ...cost }))
			.sort((a, b) => b.setup - a.setup || b.count - a.count);
	}

	/** Findings with the number of requests that showed them, each once. */
	get findings(): readonly {
		readonly code: FindingCode;
		readonly count: number;
	}[] {
		return FINDING_CODES.flatMap((code) => {
			const count = this.byFinding.get(code);
			return count === undefined ? [] : [{ code, count }];
		});
	}

	private addRequest({ attributes, duration }: SpanFacts): void {
		const host = this.hostOf(attributes);
		const setup = milliseconds(attributes[Attribute.connectionSetup]);
		host.requests += 1;
		host.setup += setup;
		const reused = attributes[Attribute.connectionReused];
		if (reused === true) {
			host.reused += 1;
			host.reusedLatency.add(duration);
		} else if (reused === false) {
			host.fresh += 1;
			host.freshLatency.add(duration);
			this.addReason(attributes[Attribute.reason], setup);
		}
		this.addFindings(attributes[Attribute.findings]);
	}

	private addReason(given: unknown, setup: number): void {
		const reason = REASONS.find((known) => known === given);
		if (!reason) return;
		const cost = this.byReason.get(reason) ?? { count: 0, setup: 0 };
		cost.count += 1;
		cost.setup += setup;
		this.byReason.set(reason, cost);
	}

	private addFindings(given: unknown): void {
		if (!Array.isArray(given)) return;
		for (const code of FINDING_CODES) {
			if (!given.includes(code)) continue;
			this.byFinding.set(code, (this.byFinding.get(code) ?? 0) + 1);
		}
	}

	private hostOf(attributes: SpanFacts["attributes"]): HostStatistics {
		const name = `${attributes[Attribute.serverAddress]}:${attributes[Attribute.serverPort]}`;
		const known = this.byHost.get(name);
		if (known) return known;
		const host = this.byHost.size < MAX_HOSTS ? name : OTHER_HOSTS;
		const statistics = this.byHost.get(host) ?? noStatistics(host);
		this.byHost.set(host, statistics);
		return statistics;
	}
}

function noStatistics(host: string): HostStatistics {
	return {
		host,
		connections: 0,
		requests: 0,
		fresh: 0,
		reused: 0,
		dnsLookups: 0,
		setup: 0,
		freshLatency: new Quantiles(),
		reusedLatency: new Quantiles(),
	};
}

function milliseconds(value: unknown): number {
	return typeof value === "number" ? value : 0;
}
