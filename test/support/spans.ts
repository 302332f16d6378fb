export const SpanKind = { internal: 1, server: 2, client: 3 } as const;

/** `null` is an empty value: an attribute that says nothing. */
export type Value = string | number | boolean | null | Value[];

export type Attributes = Readonly<Record<string, Value>>;

export interface Link {
	readonly traceId: string;
	readonly spanId: string;
	readonly attributes: Attributes;
}

/** An exported span, as it stands in the OTLP JSON. */
export interface Span {
	readonly traceId: string;
	readonly spanId: string;
	readonly parentSpanId: string | undefined;
	readonly name: string;
	readonly kind: number;
	/** Nanoseconds since 1970. */
	readonly start: bigint;
	readonly end: bigint;
	readonly attributes: Attributes;
	readonly links: readonly Link[];
	readonly error: boolean;
	/** The name of the instrumentation that made it. */
	readonly scope: string;
}

/** Reads OTLP JSON lines, the format of the OpenTelemetry file exporter. */
export function readSpans(jsonLines: string): Span[] {
	return jsonLines
		.split("\n")
		.filter((line) => line !== "")
		.flatMap((line) => (JSON.parse(line) as Export).resourceSpans)
		.flatMap(({ scopeSpans }) => scopeSpans)
		.flatMap(({ scope, spans }) =>
			spans.map((span) => readSpan(span, scope?.name ?? "")),
		);
}

/** Milliseconds. */
export function duration({ start, end }: Pick<Span, "start" | "end">): number {
	return Number(end - start) / 1e6;
}

/** The one span that a test speaks of; more or fewer of its kind are a failure. */
export function only<T>(items: readonly T[]): T {
	const [item] = items;
	if (items.length !== 1 || item === undefined) {
		throw new Error(`expected one, got ${items.length}`);
	}
	return item;
}

export const requestsOf = (spans: readonly Span[]): Span[] =>
	inOrder(spans.filter((span) => "http.request.method" in span.attributes));

export const named = (spans: readonly Span[], name: string): Span[] =>
	inOrder(spans.filter((span) => span.name === name));

export const childrenOf = (
	spans: readonly Span[],
	parent: Span,
	name?: string,
): Span[] =>
	inOrder(
		spans.filter(
			(span) =>
				span.parentSpanId === parent.spanId &&
				span.traceId === parent.traceId &&
				(name === undefined || span.name === name),
		),
	);

/** The setup of the connection that a request caused. */
export const setupOf = (
	spans: readonly Span[],
	request: Span | undefined,
): Span => {
	if (!request) throw new Error("no such request");
	return only(childrenOf(spans, request, "connection.setup"));
};

export const isReused = ({ attributes }: Span): unknown =>
	attributes["conntrace.connection.reused"];

export const errorsOf = (spans: readonly Span[]): unknown[] =>
	spans.map(({ attributes }) => attributes["error.type"]);

/** Names of the phases of a setup, in order. */
export const phasesOf = (spans: readonly Span[], setup: Span): string[] =>
	childrenOf(spans, setup).map(({ name }) => name);

function inOrder(spans: readonly Span[]): Span[] {
	return spans.toSorted((a, b) => Number(a.start - b.start));
}

interface Export {
	readonly resourceSpans: readonly {
		readonly scopeSpans: readonly {
			readonly scope?: { readonly name: string };
			readonly spans: readonly OtlpSpan[];
		}[];
	}[];
}

interface OtlpSpan {
	readonly traceId: string;
	readonly spanId: string;
	readonly parentSpanId?: string;
	readonly name: string;
	readonly kind: number;
	readonly startTimeUnixNano: string;
	readonly endTimeUnixNano: string;
	readonly attributes?: readonly KeyValue[];
	readonly links?: readonly {
		readonly traceId: string;
		readonly spanId: string;
		readonly attributes?: readonly KeyValue[];
	}[];
	readonly status?: { readonly code?: number };
}

interface KeyValue {
	readonly key: string;
	readonly value: AnyValue;
}

interface AnyValue {
	readonly stringValue?: string;
	readonly intValue?: number | string;
	readonly doubleValue?: number;
	readonly boolValue?: boolean;
	readonly arrayValue?: { readonly values?: readonly AnyValue[] };
}

const STATUS_ERROR = 2;

function readSpan(span: OtlpSpan, scope: string): Span {
	return {
		traceId: span.traceId,
		spanId: span.spanId,
		parentSpanId: span.parentSpanId || undefined,
		name: span.name,
		kind: span.kind,
		start: BigInt(span.startTimeUnixNano),
		end: BigInt(span.endTimeUnixNano),
		attributes: readAttributes(span.attributes),
		links: (span.links ?? []).map(({ traceId, spanId, attributes }) => ({
			traceId,
			spanId,
			attributes: readAttributes(attributes),
		})),
		error: span.status?.code === STATUS_ERROR,
		scope,
	};
}

function readAttributes(attributes: readonly KeyValue[] = []): Attributes {
	const read = new Map<string, Value>();
	for (const { key, value } of attributes) {
		if (read.has(key)) throw new Error(`${key} stands twice in one span`);
		read.set(key, readValue(value));
	}
	return Object.fromEntries(read);
}

function readValue(value: AnyValue): Value {
	if (value.stringValue !== undefined) return value.stringValue;
	if (value.boolValue !== undefined) return value.boolValue;
	if (value.intValue !== undefined) return Number(value.intValue);
	if (value.doubleValue !== undefined) return value.doubleValue;
	if (value.arrayValue) {
		return (value.arrayValue.values ?? []).map(readValue);
	}
	return null;
}
