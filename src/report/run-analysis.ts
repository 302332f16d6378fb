import { ConnectionRows } from "./connection-rows";
import type { Excerpt, Run, Source } from "./model";
import { isRequest } from "./read-attributes";
import { RequestRowMaker, RequestRows } from "./request-rows";
import { RunStatistics } from "./run-statistics";
import { duration, endMs, type Span, startMs } from "./span";

/** Analyses the spans of one run, added one by one in whatever order, in bounded memory. */
export class RunAnalysis {
	private readonly statistics = new RunStatistics();
	private readonly maker = new RequestRowMaker();
	private readonly requests = new RequestRows();
	private readonly connections = new ConnectionRows();
	private readonly keepsRows: boolean;
	private start = Number.POSITIVE_INFINITY;
	private end = Number.NEGATIVE_INFINITY;

	/** @param options whether single requests and connections are kept, which takes most of the memory, or sums alone */
	constructor({ rows = true }: { readonly rows?: boolean } = {}) {
		this.keepsRows = rows;
	}

	/** Takes a span of conntrace. */
	add(span: Span): void {
		const durationMs = duration(span);
		this.start = Math.min(this.start, startMs(span));
		this.end = Math.max(this.end, endMs(span));
		this.statistics.add(span, durationMs);
		if (!this.keepsRows) return;
		if (!isRequest(span.attributes)) {
			this.connections.addSpan(span);
			return;
		}
		const row = this.maker.make(span, durationMs);
		this.requests.add(row);
		this.connections.addRequest(row);
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
			requests: this.keepsRows
				? this.requests.build()
				: withoutRows(statistics.overall.recorded),
			connections: this.keepsRows
				? this.connections.build(statistics.overall.connections)
				: withoutRows(statistics.overall.connections),
			sources,
		};
	}
}

function withoutRows(count: number): Excerpt<never> {
	return { rows: [], leftOut: count, notableLeftOut: count };
}
