import type { SpanContext } from "@opentelemetry/api";

/** Where every 1.x version of the OpenTelemetry API keeps what a program has registered. */
const API = Symbol.for("opentelemetry.js.api.1");
const SPAN_KEY = Symbol.for("OpenTelemetry Context Key SPAN");

interface RegisteredApi {
	readonly context?: {
		active(): {
			getValue(key: symbol): { spanContext(): SpanContext } | undefined;
		};
	};
}

/**
 * The span that the program itself has made active, if it uses OpenTelemetry. Read through the global registry and
 * not through an API package, so that the program's version of the API does not matter.
 */
export function activeSpanContext(): SpanContext | undefined {
	const api = (globalThis as { [API]?: RegisteredApi })[API];
	const context = api?.context?.active().getValue(SPAN_KEY)?.spanContext();
	return context && /[1-9a-f]/.test(context.traceId) ? context : undefined;
}
