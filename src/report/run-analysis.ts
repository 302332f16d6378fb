import { ConnectionRows } from "./connection-rows";
import type { RequestRow, Run, Source } from "./model";
import { isRequest } from "./read-attributes";
import { RequestRows, toRequestRow } from "./request-rows";
import { RunStatistics } from "./run-statistics";
import { duration, endMs, type Span, startMs } from "./span";

/** Analyses the spans of one run, added one by one in whatever order, in bounded memory. */
export class RunAnalysis {
	private readonly statistics = new RunStatistics();
	private readonly requests = new RequestRows();
	private readonly connections = new ConnectionRows();
	private start = Number.POSITIVE_INFINITY;
	private end = Number.NEGATIVE_INFINITY;

	/**
	 * Takes a span of conntrace.
	 * @returns the row of a request
	 */
	add(span: Span): RequestRow | undefined {
		const durationMs = duration(span);
		this.start = Math.min(this.start, startMs(span));
		this.end = Math.max(this.end, endMs(span));
		this.statistics.add(span, durationMs);
		if (!isRequest(span.attributes)) {
			this.connections.addSpan(span);
			return undefined;
		}
		const row = toRequestRow(span, durationMs);
		this.requests.add(row);
		this.connections.addRequest(row);
		return row;
	}

	/** What was added so far, without rows. */
	get summary(): Run["overall"] {
		return this.statistics.build().overall;
	}

	/** The result. May be called once, at the end. */
	build(name: string, sources: readonly Source[]): Run {
		const statistics = this.statistics.build();
		return {
			name,
			...(this.start <= this.end && { start: this.start, end: this.end }),
			...statistics,
			requests: this.requests.build(),
			connections: this.connections.build(statistics.overall.connections),
			sources,
		};
	}
}
