import type { SpanContext } from "@opentelemetry/api";
import { registeredApi } from "./registered-api";

const SPAN_KEY = Symbol.for("OpenTelemetry Context Key SPAN");

/** What OpenTelemetry's `suppressTracing` sets, in every 1.x and 2.x version. */
const SUPPRESS_KEY = Symbol.for(
	"OpenTelemetry SDK Context Key SUPPRESS_TRACING",
);

/** The span that the program itself has made active, if it uses OpenTelemetry. */
export function activeSpanContext(): SpanContext | undefined {
	const context = registeredApi()
		?.context?.active()
		.getValue(SPAN_KEY)
		?.spanContext();
	return context && /[1-9a-f]/.test(context.traceId) ? context : undefined;
}

/** Runs something that the program's own OpenTelemetry, if it has one, should not record. */
export function withoutTracing<T>(run: () => T): T {
	const context = registeredApi()?.context;
	return context
		? context.with(context.active().setValue(SUPPRESS_KEY, true), run)
		: run();
}
