import { channel } from "node:diagnostics_channel";
import {
	type Context,
	ROOT_CONTEXT,
	type Span,
	SpanKind,
	type Tracer,
	trace,
} from "@opentelemetry/api";
import type { Request } from "../connections/request";
import type { TrackerListener } from "../connections/tracker";
import { replaceMethod } from "../hooks/patch";

const HTTP = "@opentelemetry/instrumentation-http";
const UNDICI = "@opentelemetry/instrumentation-undici";
const AWS_SDK = "@opentelemetry/instrumentation-aws-sdk";

/** A span of the SDK, as far as it says who made it; spans of other SDKs do not say it. */
interface SdkSpan {
	readonly kind?: SpanKind;
	readonly instrumentationScope?: { readonly name: string };
}

export interface RequestSpansOptions {
	/** Whether requests are observed at all. */
	readonly running: () => boolean;
	/** Whether a request is told of on the span of another instrumentation, or has its own below it. */
	readonly attaches: () => boolean;
	readonly tracer: () => Tracer;
	/** Whether the request is a call of AWS, and none that an SDK makes for its credentials. */
	readonly isAwsCall: (request: Request) => boolean;
	/** Tells of the request on the span, which is active in the context. */
	readonly attach: (request: Request, span: Span, context: Context) => void;
	/** Keeps faults from the program. */
	readonly guard: (run: () => void) => void;
}

/** What came about while undici published that a request was created. */
interface Publication {
	request?: Request;
	span?: Span;
}

let current: Publication | undefined;

/** A span of another instrumentation, and the context in which it is active. */
interface SpanInContext {
	readonly span: Span;
	readonly context: Context;
}

/**
 * Finds the span that another instrumentation has made for a request. Those for http and the AWS SDK make theirs active
 * while the request is created. The one for undici does not; but it starts its span while undici publishes that the
 * request was created, and in that moment nothing else does.
 */
export class RequestSpans implements Partial<TrackerListener> {
	/** Each tells of one request only: of a retry or redirect below it there is more to say than one span can. */
	private readonly taken = new WeakSet<Span>();
	/** The spans of AWS calls that requests were made for. */
	private readonly calls = new WeakMap<Request, SpanInContext>();

	constructor(private readonly options: RequestSpansOptions) {}

	requestCreated(request: Request): void {
		if (!this.options.running()) return;
		if (current) current.request = request;
		const context = request.context as Context | undefined;
		const span = context && trace.getSpan(context);
		if (!span || !this.options.attaches()) return;
		const { kind, instrumentationScope } = span as SdkSpan;
		if (kind !== SpanKind.CLIENT) return;
		switch (instrumentationScope?.name) {
			case HTTP:
			case UNDICI:
				this.take(request, { span, context });
				return;
			case AWS_SDK:
				if (this.options.isAwsCall(request)) {
					this.attempted(request, { span, context });
				}
		}
	}

	/** The span of an AWS call spans all attempts. It tells of the one that succeeded; others have their own below it. */
	private attempted(request: Request, call: SpanInContext): void {
		this.calls.set(request, call);
		const { span } = call;
		const { end } = span;
		// Ends before the request does where the program reads the body.
		span.end = (endTime) => {
			span.end = end;
			this.options.guard(() => {
				if (request.respondedAt !== undefined) this.requestEnded(request);
			});
			span.end(endTime);
		};
	}

	requestEnded(request: Request): void {
		const call = this.calls.get(request);
		if (call && request.failure === undefined) this.take(request, call);
	}

	private take(request: Request, { span, context }: SpanInContext): void {
		if (request.span !== undefined) return;
		if (!span.isRecording() || this.taken.has(span)) return;
		this.taken.add(span);
		this.options.attach(request, span, context);
	}

	/** Begins to watch what undici publishes. */
	watchUndici(): void {
		const created: object = channel("undici:request:create");
		const { running, tracer, guard } = this.options;
		const requestSpans = this;
		Object.defineProperty(created, "publish", {
			configurable: true,
			writable: true,
			value: function publish(this: object, message: unknown): void {
				if (!running()) {
					publishOf(this).call(this, message);
					return;
				}
				guard(() => watchStartedSpans(tracer()));
				const publication: Publication = {};
				const outer = current;
				current = publication;
				try {
					publishOf(this).call(this, message);
				} finally {
					current = outer;
					guard(() => requestSpans.published(publication));
				}
			},
		});
	}

	private published({ request, span }: Publication): void {
		if (!request || !span) return;
		const above = (request.context as Context | undefined) ?? ROOT_CONTEXT;
		const context = trace.setSpan(above, span);
		if (this.options.attaches()) this.take(request, { span, context });
		else request.context = context;
	}
}

/** As it is right now: Node gives a channel another one when its first subscriber comes. */
function publishOf(created: object): (message: unknown) => void {
	return Object.getPrototypeOf(created).publish;
}

const watched = new WeakSet<object>();

/** Sees the spans that the instrumentation for undici starts by the program's SDK, whichever version it is of. */
function watchStartedSpans(tracer: Tracer): void {
	const prototype = Object.getPrototypeOf(tracerBehind(tracer));
	if (watched.has(prototype)) return;
	watched.add(prototype);
	replaceMethod(prototype, "startSpan", (startSpan) => {
		return function (this: Tracer, ...args) {
			const span: Span = startSpan.apply(this, args);
			if (current && (span as SdkSpan).instrumentationScope?.name === UNDICI) {
				current.span = span;
			}
			return span;
		};
	});
}

/** The API hands out stand-ins for the tracers of a provider that is registered later. */
function tracerBehind(tracer: Tracer): Tracer {
	const { _getTracer: behind } = tracer as { _getTracer?(): Tracer };
	return behind ? behind.call(tracer) : tracer;
}
