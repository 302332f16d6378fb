// Spans of all formats as one: trace, name, attributes, and start and end in milliseconds.

const KINDS = ["stringValue", "boolValue", "doubleValue", "arrayValue"];

/** Of an OTLP request as JSON. */
export function fromOtlp({ resourceSpans }) {
	return resourceSpans
		.flatMap(({ scopeSpans }) => scopeSpans)
		.flatMap(({ spans }) => spans)
		.map((span) => ({
			trace: span.traceId,
			name: span.name,
			attributes: Object.fromEntries(
				(span.attributes ?? []).map(({ key, value }) => [
					key,
					plainValue(value),
				]),
			),
			start: Number(span.startTimeUnixNano) / 1e6,
			end: Number(span.endTimeUnixNano) / 1e6,
		}));
}

function plainValue(value) {
	if (value.intValue !== undefined) return Number(value.intValue);
	const kind = KINDS.find((one) => value[one] !== undefined);
	return kind === "arrayValue" ? JSON.stringify(value[kind]) : value[kind];
}

/** Of what dd-trace prints with the exporter for logs. */
export function fromDatadog(output) {
	return output
		.split("\n")
		.filter((line) => line.startsWith('{"traces"'))
		.flatMap((line) => JSON.parse(line).traces.flat())
		.map((span) => ({
			trace: span.trace_id,
			name: span.name,
			attributes: { ...span.meta, ...span.metrics },
			start: span.start / 1e6,
			end: (span.start + span.duration) / 1e6,
		}));
}
