import type { MeterProvider, SpanContext } from "@opentelemetry/api";

/** Where every 1.x version of the OpenTelemetry API keeps what a program has registered. */
const API = Symbol.for("opentelemetry.js.api.1");

interface RegisteredContext {
	getValue(key: symbol): { spanContext(): SpanContext } | undefined;
	setValue(key: symbol, value: unknown): RegisteredContext;
}

interface RegisteredApi {
	readonly context?: {
		active(): RegisteredContext;
		with<T>(context: RegisteredContext, run: () => T): T;
	};
	readonly metrics?: MeterProvider;
}

/**
 * What the program has registered, if it uses OpenTelemetry. Read through the global registry and not through an API
 * package, so that the program's version of the API does not matter.
 */
export function registeredApi(): RegisteredApi | undefined {
	return (globalThis as { [API]?: RegisteredApi })[API];
}
