const DEFAULT_ENDPOINT = "http://localhost:4318/v1/traces";

/** Where traces go, as the OTLP exporter specification says; without user information. */
export function endpointFrom(env: NodeJS.ProcessEnv): string {
	const own = env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT?.trim();
	if (own) return withoutUser(own);
	const base = env.OTEL_EXPORTER_OTLP_ENDPOINT?.trim();
	return base
		? `${withoutUser(base).replace(/\/$/, "")}/v1/traces`
		: DEFAULT_ENDPOINT;
}

/** `key=value,key=value` of the exporter's headers; values may be percent-encoded. */
export function headersFrom(env: NodeJS.ProcessEnv): Record<string, string> {
	const text = [
		env.OTEL_EXPORTER_OTLP_HEADERS,
		env.OTEL_EXPORTER_OTLP_TRACES_HEADERS,
	]
		.filter(Boolean)
		.join(",");
	const headers: Record<string, string> = {};
	for (const pair of text.split(",")) {
		const equals = pair.indexOf("=");
		if (equals < 1) continue;
		headers[pair.slice(0, equals).trim()] = decodeURIComponent(
			pair.slice(equals + 1).trim(),
		);
	}
	return headers;
}

function withoutUser(url: string): string {
	return url.replace(/^([a-z]+:\/\/)[^/?#]*@/i, "$1");
}
