import type { SpanContext } from "@opentelemetry/api";

/** Where every 1.x version of the OpenTelemetry API keeps what a program has registered. */
const API = Symbol.for("opentelemetry.js.api.1");
const SPAN_KEY = Symbol.for("OpenTelemetry Context Key SPAN");

/** What OpenTelemetry's `suppressTracing` sets, in every 1.x and 2.x version. */
const SUPPRESS_KEY = Symbol.for(
	"OpenTelemetry SDK Context Key SUPPRESS_TRACING",
);

interface RegisteredContext {
	getValue(key: symbol): { spanContext(): SpanContext } | undefined;
	setValue(key: symbol, value: unknown): RegisteredContext;
}

interface RegisteredApi {
	readonly context?: {
		active(): RegisteredContext;
		with<T>(context: RegisteredContext, run: () => T): T;
	};
}

function registeredContext(): RegisteredApi["context"] {
	return (globalThis as { [API]?: RegisteredApi })[API]?.context;
}

/**
 * The span that the program itself has made active, if it uses OpenTelemetry. Read through the global registry and
 * not through an API package, so that the program's version of the API does not matter.
 */
export function activeSpanContext(): SpanContext | undefined {
	const context = registeredContext()
		?.active()
		.getValue(SPAN_KEY)
		?.spanContext();
	return context && /[1-9a-f]/.test(context.traceId) ? context : undefined;
}

/** Runs something that the program's own OpenTelemetry, if it has one, should not record. */
export function withoutTracing<T>(run: () => T): T {
	const context = registeredContext();
	return context
		? context.with(context.active().setValue(SUPPRESS_KEY, true), run)
		: run();
}
