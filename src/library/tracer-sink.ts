import {
	type Context,
	ROOT_CONTEXT,
	type Span,
	type SpanContext,
	SpanKind,
	SpanStatusCode,
	type Tracer,
	trace,
} from "@opentelemetry/api";
import { Request } from "../connections/request";
import { toHrTime } from "../spans/clock";
import type { SpanContent } from "../spans/finished-span";
import { SpanName } from "../spans/names";
import { describeRequest } from "../spans/request-span";
import { describeSetup } from "../spans/setup-span";
import type { ParentContext, SpanSink, SpanSubject } from "../spans/sink";

/** A span of the user's tracer that is not over. */
interface OpenSpan {
	readonly span: Span;
	/** In which the spans below it are begun. */
	readonly context: Context;
}

/**
 * Begins and ends spans by the user's tracer, whose sampler, processors and exporters do the rest. What was active in
 * the program is known by its whole context.
 */
export class TracerSink implements SpanSink {
	private readonly open = new WeakMap<SpanContext, OpenSpan>();

	constructor(private readonly tracer: () => Tracer) {}

	begin(subject: SpanSubject, parent: ParentContext): SpanContext {
		const above = this.contextUnder(parent);
		const { name, kind, start, attributes } = startOf(subject);
		const span = this.tracer().startSpan(
			name,
			{
				kind,
				startTime: toHrTime(start),
				attributes: attributes.toAttributes(),
			},
			above,
		);
		const context = span.spanContext();
		if (span.isRecording()) {
			this.open.set(context, { span, context: trace.setSpan(above, span) });
		}
		return context;
	}

	records(context: SpanContext): boolean {
		return this.open.has(context);
	}

	write(content: SpanContent, context: SpanContext): void {
		const span = this.open.get(context)?.span;
		if (!span) return;
		span.updateName(content.name);
		span.setAttributes(content.attributes.toAttributes());
		for (const link of content.links ?? []) span.addLink(link);
		if (content.error) span.setStatus({ code: SpanStatusCode.ERROR });
		span.end(toHrTime(content.end));
	}

	private contextUnder(parent: ParentContext): Context {
		if (parent === undefined) return ROOT_CONTEXT;
		const ours = this.open.get(parent as SpanContext);
		return ours ? ours.context : (parent as Context);
	}
}

/** What is known of a span when it is begun, for the sampler to decide on. */
function startOf(
	subject: SpanSubject,
): Pick<SpanContent, "name" | "kind" | "start" | "attributes"> {
	if (subject instanceof Request) {
		const { name, attributes } = describeRequest(subject);
		return {
			name,
			kind: SpanKind.CLIENT,
			start: subject.createdAt,
			attributes,
		};
	}
	if ("setup" in subject) {
		return {
			name: SpanName.connectionSetup,
			kind: SpanKind.INTERNAL,
			start: subject.setup.start,
			attributes: describeSetup(subject),
		};
	}
	if ("facts" in subject) {
		throw new TypeError("invocations are told by the Lambda layer alone");
	}
	return subject;
}
