export type AttributeValue =
	| string
	| number
	| boolean
	| bigint
	| AttributeValue[]
	| { [name: string]: AttributeValue };

/** A span read back from an export. */
export interface Span {
	readonly traceId: string;
	readonly spanId: string;
	/** Absent for the root of a trace. */
	readonly parentSpanId?: string;
	readonly name: string;
	/** The `service.name` of the resource, if it has one. */
	readonly service?: string;
	/** Nanoseconds since 1970. */
	readonly startTime: bigint;
	/** Nanoseconds since 1970. */
	readonly endTime: bigint;
	readonly attributes: Readonly<Record<string, AttributeValue>>;
}

/** How long the span lasted, in milliseconds. */
export function duration(span: Span): number {
	return Number(span.endTime - span.startTime) / 1e6;
}
