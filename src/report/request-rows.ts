import { Attribute } from "../spans/names";
import { Decimated, Largest } from "./excerpt";
import { type Excerpt, MAX_HOSTS, OTHER_HOSTS, type RequestRow } from "./model";
import {
	type Attributes,
	hostOf,
	numberAt,
	textAt,
	textsAt,
} from "./read-attributes";
import { processOf, type Span, startMs } from "./span";
import { reasonOf } from "./summary-builder";

/** Fresh and failed requests that are kept at most. */
const MAX_NOTABLE = 100_000;
/** Plain reused requests that are kept at most. */
const MAX_PLAIN = 20_000;
/** Slow requests that are kept per host at most. */
const MAX_SLOW = 1000;
/** The slowest share of a host's reused requests that counts as slow. */
const SLOW_SHARE = 0.01;

/** Collects requests: all that are notable, and an even share of the plain ones. */
export class RequestRows {
	private readonly notable = new Decimated<RequestRow>(MAX_NOTABLE);
	private readonly plain = new Decimated<RequestRow>(MAX_PLAIN);
	/** Reused requests by host. */
	private readonly slowest = new Map<string, Largest<RequestRow>>();

	add(row: RequestRow): void {
		if (row.notable) this.notable.add(row);
		else if (row.connectionUse === "unknown") this.plain.add(row);
		else this.slowestOf(row.host).add(row, row.durationMs);
	}

	/** The rows in the order of their start. May be called once, at the end. */
	build(): Excerpt<RequestRow> {
		const slow: RequestRow[] = [];
		let slowLeftOut = 0;
		for (const largest of this.slowest.values()) {
			const rows = largest.descending();
			const count = Math.ceil(largest.count * SLOW_SHARE);
			const kept = Math.min(count, MAX_SLOW);
			slowLeftOut += count - kept;
			for (const [index, row] of rows.entries()) {
				if (index < kept) slow.push({ ...row, notable: true, slow: true });
				else this.plain.add(row);
			}
		}
		const notableLeftOut = this.notable.leftOut + slowLeftOut;
		return {
			rows: [...this.notable.items, ...slow, ...this.plain.items].sort(
				(a, b) => a.start - b.start,
			),
			leftOut: this.notable.leftOut + this.plain.leftOut,
			notableLeftOut,
		};
	}

	/** Beyond a number of hosts, further ones are looked at together. */
	private slowestOf(host: string): Largest<RequestRow> {
		const name = this.slowest.size < MAX_HOSTS ? host : OTHER_HOSTS;
		const slowest =
			this.slowest.get(host) ??
			this.slowest.get(name) ??
			new Largest<RequestRow>(MAX_SLOW, (row) => this.plain.add(row));
		if (!this.slowest.has(host)) this.slowest.set(name, slowest);
		return slowest;
	}
}

/** The row of a request span. */
export function toRequestRow(span: Span, durationMs: number): RequestRow {
	const { traceId, spanId, name, attributes, service } = span;
	const reused = attributes[Attribute.connectionReused];
	const error = textAt(attributes, Attribute.errorType);
	const unfinished = attributes[Attribute.unfinished] === true;
	return {
		traceId,
		spanId,
		start: startMs(span),
		durationMs,
		name,
		host: hostOf(attributes),
		connectionUse:
			reused === true ? "reused" : reused === false ? "fresh" : "unknown",
		notable: reused === false || error !== undefined || unfinished,
		...defined({
			unfinished: unfinished || undefined,
			...(reused === false && freshFacts(attributes)),
			findings: textsAt(attributes, Attribute.findings),
			status: numberAt(attributes, Attribute.httpResponseStatusCode),
			error,
			waitMs: numberAt(attributes, Attribute.connectionWait),
			firstByteMs: numberAt(attributes, Attribute.timeToFirstByte),
			connectionId: textAt(attributes, Attribute.connectionId),
			requestNumber: numberAt(attributes, Attribute.connectionRequestNumber),
			ageMs: numberAt(attributes, Attribute.connectionAge),
			idleMs: numberAt(attributes, Attribute.connectionIdle),
			frozenMs: numberAt(attributes, Attribute.frozen),
			attempt: numberAt(attributes, Attribute.awsAttempt),
			service,
			process: processOf(span),
			samplingRatio: numberAt(attributes, Attribute.samplingRatio),
		}),
	};
}

function freshFacts(attributes: Attributes): object {
	return {
		reason: reasonOf(attributes),
		reasonDetail: textAt(attributes, Attribute.reasonDetail),
		contributing: textsAt(attributes, Attribute.contributing),
		previousConnectionId: textAt(attributes, Attribute.previousId),
		setupMs: numberAt(attributes, Attribute.connectionSetup),
		dnsMs: numberAt(attributes, Attribute.dnsLookup),
		tcpMs: numberAt(attributes, Attribute.tcpConnect),
		tlsMs: numberAt(attributes, Attribute.tlsHandshake),
	};
}

/** Leaves out what is not known. */
function defined<T extends object>(facts: T): Partial<T> {
	return Object.fromEntries(
		Object.entries(facts).filter(([, value]) => value !== undefined),
	) as Partial<T>;
}
