import { appendFileSync } from "node:fs";
import { JsonTraceSerializer } from "@opentelemetry/otlp-transformer";
import type { ReadableSpan } from "@opentelemetry/sdk-trace-node";

/** Appends spans to a file as OTLP JSON lines, the format of OpenTelemetry's file exporter. */
export function appendSpans(file: string, spans: ReadableSpan[]): void {
	const bytes = JsonTraceSerializer.serializeRequest(spans);
	if (bytes) appendFileSync(file, `${Buffer.from(bytes).toString("utf8")}\n`);
}
