import {
	type Context,
	context,
	createContextKey,
	ROOT_CONTEXT,
} from "@opentelemetry/api";

/** What OpenTelemetry's `suppressTracing` sets, in every version. */
const SUPPRESSED = createContextKey(
	"OpenTelemetry SDK Context Key SUPPRESS_TRACING",
);

/** The program's active context, with its span and whatever else it carries; nothing where none was ever made. */
export function activeContext(): Context | undefined {
	const active = context.active();
	return active === ROOT_CONTEXT ? undefined : active;
}

/** Whether the program wants nothing recorded of what it does right now, such as the export of its spans. */
export function isSuppressed(): boolean {
	return context.active().getValue(SUPPRESSED) === true;
}
