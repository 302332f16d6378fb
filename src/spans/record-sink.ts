import {
	ROOT_CONTEXT,
	type SpanContext,
	SpanKind,
	TraceFlags,
	trace,
} from "@opentelemetry/api";
import type { Resource } from "@opentelemetry/resources";
import { type Sampler, SamplingDecision } from "@opentelemetry/sdk-trace-base";
import { FinishedSpan, type SpanContent } from "./finished-span";
import { RandomIds } from "./random-ids";
import type { ParentContext, SpanSink, SpanSubject } from "./sink";

export interface RecordSinkOptions {
	readonly resource: Resource;
	readonly sampler: Sampler;
	readonly write: (span: FinishedSpan) => void;
}

/** Makes a record of each span when it is over. What was active in the program is known by its span context. */
export class RecordSink implements SpanSink {
	private readonly ids = new RandomIds();

	constructor(private readonly options: RecordSinkOptions) {}

	begin(_subject: SpanSubject, parent: ParentContext): SpanContext {
		const above = parent as SpanContext | undefined;
		const traceId = above?.traceId ?? this.ids.traceId();
		return {
			traceId,
			spanId: this.ids.spanId(),
			traceFlags: this.isSampledIn(traceId, above)
				? TraceFlags.SAMPLED
				: TraceFlags.NONE,
		};
	}

	records({ traceFlags }: SpanContext): boolean {
		return (traceFlags & TraceFlags.SAMPLED) !== 0;
	}

	write(
		content: SpanContent,
		context: SpanContext,
		parent: ParentContext,
	): void {
		const { resource, write } = this.options;
		const above = parent as SpanContext | undefined;
		write(new FinishedSpan(content, context, above, resource));
	}

	private isSampledIn(
		traceId: string,
		parent: SpanContext | undefined,
	): boolean {
		const context = parent
			? trace.setSpanContext(ROOT_CONTEXT, parent)
			: ROOT_CONTEXT;
		const { decision } = this.options.sampler.shouldSample(
			context,
			traceId,
			"",
			SpanKind.CLIENT,
			{},
			[],
		);
		return decision === SamplingDecision.RECORD_AND_SAMPLED;
	}
}
