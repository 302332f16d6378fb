import type { Span } from "../../../src/report/span.js";

/** Spans as an OTLP JSON trace export. */
export function otlpJson(
	spans: readonly Span[],
	service = "shop",
): { resourceSpans: object[] } {
	return {
		resourceSpans: [
			{
				resource: {
					attributes: [
						{ key: "service.name", value: { stringValue: service } },
					],
				},
				scopeSpans: [
					{ scope: { name: "conntrace" }, spans: spans.map(toJson) },
				],
			},
		],
	};
}

function toJson(span: Span): object {
	return {
		traceId: span.traceId,
		spanId: span.spanId,
		...(span.parentSpanId && { parentSpanId: span.parentSpanId }),
		name: span.name,
		startTimeUnixNano: String(span.startTime),
		endTimeUnixNano: String(span.endTime),
		attributes: Object.entries(span.attributes).map(([key, value]) => ({
			key,
			value: anyValue(value),
		})),
	};
}

function anyValue(value: unknown): object {
	if (typeof value === "string") return { stringValue: value };
	if (typeof value === "boolean") return { boolValue: value };
	return { doubleValue: value };
}
