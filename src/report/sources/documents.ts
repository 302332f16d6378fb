import { OtlpError, parseJson, readTraces } from "../otlp";
import type { Span } from "../span";

/**
 * Reads the spans of one JSON text as they are found in files: an OTLP trace export, or an answer of Jaeger's v3 API,
 * which wraps one.
 * @throws OtlpError that says what it is instead.
 */
export function readDocument(text: string): Span[] {
	const json = parseJson(text);
	const export_ = unwrapped(json);
	if (hasMember(export_, "resourceSpans")) return readTraces(export_);
	throw new OtlpError(whatItIs(json));
}

/** `{"result": {...}}` */
export function unwrapped(json: unknown): unknown {
	return hasMember(json, "result") ? json.result : json;
}

function whatItIs(json: unknown): string {
	if (hasMember(json, "resourceMetrics") || hasMember(json, "resourceLogs")) {
		return "metrics or logs, not traces";
	}
	if (hasMember(json, "runs") && hasMember(json, "conntraceVersion")) {
		return "a report that conntrace has written, not spans; expected what --otlp or CONNTRACE_FILE writes";
	}
	if (hasMember(json, "data")) {
		return "Jaeger's own JSON, not OTLP; give the address of Jaeger instead (http://localhost:16686)";
	}
	return 'no OTLP: expected an object with "resourceSpans"';
}

function hasMember<Name extends string>(
	json: unknown,
	name: Name,
): json is Record<Name, unknown> {
	return typeof json === "object" && json !== null && name in json;
}
