import type { SpanContext } from "@opentelemetry/api";
import type { Connection } from "../connections/connection";
import type { Invocation } from "../connections/invocation";
import type { Request } from "../connections/request";
import type { SpanContent } from "./finished-span";

/** What a span stands under: the context of another span of ours, or what was active in the program. Absent for a root. */
export type ParentContext = unknown;

/** What a span tells of, or its content where that is known when it is begun. */
export type SpanSubject = Request | Connection | Invocation | SpanContent;

/** Gives spans their ids and takes them when they are over. */
export interface SpanSink {
	/** Makes what a span is known by to the others, which may need it before the span is over. */
	begin(subject: SpanSubject, parent: ParentContext): SpanContext;
	/** Whether a span that was begun is recorded at all. */
	records(context: SpanContext): boolean;
	/** Takes a span that was begun, with everything that there is to tell. */
	write(
		content: SpanContent,
		context: SpanContext,
		parent: ParentContext,
	): void;
}
