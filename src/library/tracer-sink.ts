import {
	type Context,
	type Link,
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
import { Attribute, SpanName } from "../spans/names";
import { describeRequest } from "../spans/request-span";
import { describeSetup } from "../spans/setup-span";
import type { ParentContext, SpanSink, SpanSubject } from "../spans/sink";

export interface TracerSinkOptions {
	readonly tracer: () => Tracer;
	/** Lets the user add attributes to the span of a request before it ends. */
	readonly customize: (span: Span, request: Request) => void;
	/** What the span of a request is linked to. */
	readonly linksOf: (request: Request) => Link[];
	/** Keeps faults from the program. */
	readonly guard: (run: () => void) => void;
}

/** A span that is not over. */
interface OpenSpan {
	/** In which the spans below it are begun. */
	readonly context: Context;
	finish(content: SpanContent): void;
}

/**
 * Begins and ends spans by the user's tracer, whose sampler, processors and exporters do the rest. What was active in
 * the program is known by its whole context.
 */
export class TracerSink implements SpanSink {
	private readonly open = new WeakMap<SpanContext, OpenSpan>();

	constructor(private readonly options: TracerSinkOptions) {}

	begin(subject: SpanSubject, parent: ParentContext): SpanContext {
		const above = this.contextUnder(parent);
		const { name, kind, start, attributes } = startOf(subject);
		const span = this.options.tracer().startSpan(
			name,
			{
				kind,
				startTime: toHrTime(start),
				attributes: attributes.toAttributes(),
			},
			above,
		);
		const spanContext = span.spanContext();
		const said = attributes.length;
		if (span.isRecording()) {
			this.open.set(spanContext, {
				context: trace.setSpan(above, span),
				finish: (content) => {
					span.updateName(content.name);
					span.setAttributes(
						content.attributes === attributes
							? attributes.attributesFrom(said)
							: content.attributes.toAttributes(),
					);
					span.addLinks([...(content.links ?? [])]);
					if (content.error) span.setStatus({ code: SpanStatusCode.ERROR });
					if (subject instanceof Request) {
						this.options.customize(span, subject);
					}
					span.end(toHrTime(content.end));
				},
			});
		}
		return spanContext;
	}

	/**
	 * Tells of a request on the span that another instrumentation has made for it, at the latest when that one ends it.
	 * @param context in which the span is active
	 */
	attach(request: Request, span: Span, context: Context): void {
		const { linksOf, customize, guard } = this.options;
		let told = false;
		const tell = () => {
			if (told) return;
			told = true;
			addFacts(span, request);
			span.addLinks(linksOf(request));
			customize(span, request);
		};
		const { end } = span;
		span.end = (endTime) => {
			guard(tell);
			end.call(span, endTime);
		};
		request.span = span.spanContext();
		this.open.set(span.spanContext(), { context, finish: tell });
	}

	records(context: SpanContext): boolean {
		return this.open.has(context);
	}

	write(content: SpanContent, context: SpanContext): void {
		this.open.get(context)?.finish(content);
	}

	private contextUnder(parent: ParentContext): Context {
		if (parent === undefined) return ROOT_CONTEXT;
		const ours = this.open.get(parent as SpanContext);
		return ours ? ours.context : (parent as Context);
	}
}

/** Adds what the other instrumentation has not said itself. Whether the request failed is for that one to say. */
function addFacts(span: Span, request: Request): void {
	const { attributes: said = {} } = span as {
		readonly attributes?: Readonly<Record<string, unknown>>;
	};
	const facts = describeRequest(request).attributes.toAttributes();
	for (const [name, value] of Object.entries(facts)) {
		if (value === undefined || name === Attribute.errorType) continue;
		if (said[name] === undefined) span.setAttribute(name, value);
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
