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
/** Different texts that are kept once. */
const MAX_INTERNED = 10_000;
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

/** Makes the rows of request spans. All have the same members, unknown ones undefined, for there may be many. */
export class RequestRowMaker {
	private readonly texts = new Interned();

	make(span: Span, durationMs: number): RequestRow {
		const { traceId, spanId, attributes } = span;
		const { texts } = this;
		const reused = attributes[Attribute.connectionReused];
		const error = textAt(attributes, Attribute.errorType);
		const unfinished = attributes[Attribute.unfinished] === true;
		const fresh = reused === false ? attributes : NOTHING;
		return {
			traceId,
			spanId,
			start: startMs(span),
			durationMs,
			name: texts.get(span.name),
			host: texts.get(hostOf(attributes)),
			connectionUse:
				reused === true ? "reused" : reused === false ? "fresh" : "unknown",
			notable: reused === false || error !== undefined || unfinished,
			unfinished: unfinished || undefined,
			reason: reasonOf(fresh),
			reasonDetail: textAt(fresh, Attribute.reasonDetail),
			contributing: textsAt(fresh, Attribute.contributing),
			previousConnectionId: textAt(fresh, Attribute.previousId),
			setupMs: numberAt(fresh, Attribute.connectionSetup),
			dnsMs: numberAt(fresh, Attribute.dnsLookup),
			tcpMs: numberAt(fresh, Attribute.tcpConnect),
			tlsMs: numberAt(fresh, Attribute.tlsHandshake),
			findings: textsAt(attributes, Attribute.findings),
			status: numberAt(attributes, Attribute.httpResponseStatusCode),
			error: error && texts.get(error),
			waitMs: numberAt(attributes, Attribute.connectionWait),
			firstByteMs: numberAt(attributes, Attribute.timeToFirstByte),
			connectionId: textAt(attributes, Attribute.connectionId),
			requestNumber: numberAt(attributes, Attribute.connectionRequestNumber),
			ageMs: numberAt(attributes, Attribute.connectionAge),
			idleMs: numberAt(attributes, Attribute.connectionIdle),
			frozenMs: numberAt(attributes, Attribute.frozen),
			attempt: numberAt(attributes, Attribute.awsAttempt),
			service: span.service,
			process: texts.get(processOf(span)),
			samplingRatio: numberAt(attributes, Attribute.samplingRatio),
		};
	}
}

const NOTHING: Attributes = {};

/** Keeps one copy of texts that come again and again. */
class Interned {
	private readonly texts = new Map<string, string>();

	get<Text extends string | undefined>(text: Text): Text {
		if (text === undefined) return text;
		const known = this.texts.get(text);
		if (known !== undefined) return known as Text;
		if (this.texts.size < MAX_INTERNED) this.texts.set(text, text);
		return text;
	}
}
