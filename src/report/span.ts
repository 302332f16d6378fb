import { Attribute } from "../spans/names";

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
	/** The `service.instance.id` or `process.pid` of the resource, if it has one. */
	readonly process?: string;
	/** The name of the instrumentation scope, if it has one. */
	readonly scope?: string;
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

/** Milliseconds since 1970, with fractions. */
export function startMs({ startTime }: Span): number {
	return toMilliseconds(startTime);
}

/** Milliseconds since 1970, with fractions. */
export function endMs({ endTime }: Span): number {
	return toMilliseconds(endTime);
}

function toMilliseconds(nanoseconds: bigint): number {
	return (
		Number(nanoseconds / 1_000_000n) + Number(nanoseconds % 1_000_000n) / 1e6
	);
}

/** The process that a span comes from, by its resource, else by what the ids of its connections have in common. */
export function processOf({ process, attributes }: Span): string | undefined {
	if (process !== undefined) return process;
	const id = attributes[Attribute.connectionId];
	if (typeof id !== "string") return undefined;
	const dash = id.lastIndexOf("-");
	return dash > 0 ? id.slice(0, dash) : undefined;
}
