import { type CollectorSettings, shownUrl } from "../export/collector-settings";
import { encodingOf } from "../export/encodings";
import { OtlpTransport } from "../export/otlp-transport";
import type { Outcome } from "../export/outcome";
import { createResource } from "../export/resource";

/** What the collector said to a request without spans. */
export interface EndpointAnswer {
	readonly url: string;
	readonly accepted: boolean;
	/** In words. */
	readonly answer: string;
}

export async function askEndpoint(
	settings: CollectorSettings,
): Promise<EndpointAnswer> {
	// The transport keeps no process alive.
	const waiting = setInterval(() => {}, 1000);
	try {
		const encoding = encodingOf(settings.protocol, createResource({}));
		const transport = new OtlpTransport(settings, encoding);
		const outcome = await transport.send(encoding.request([]));
		return {
			url: shownUrl(settings),
			accepted: outcome.kind === "delivered",
			answer: inWords(outcome),
		};
	} finally {
		clearInterval(waiting);
	}
}

const HINTS: Readonly<Record<string, string>> = {
	ECONNREFUSED: "nothing listens there",
	ENOTFOUND: "its name is unknown",
	"HTTP status 401": "it wants credentials, see OTEL_EXPORTER_OTLP_HEADERS",
	"HTTP status 403": "it does not take these credentials",
	"HTTP status 404":
		"it takes no traces at this path; OTEL_EXPORTER_OTLP_ENDPOINT is a base, to which v1/traces is added",
	"HTTP status 415":
		"it does not take this protocol, see OTEL_EXPORTER_OTLP_PROTOCOL",
};

function inWords(outcome: Outcome): string {
	if (outcome.kind === "delivered") return "takes spans";
	const hint = HINTS[outcome.why];
	return hint ? `${outcome.why}: ${hint}` : outcome.why;
}
