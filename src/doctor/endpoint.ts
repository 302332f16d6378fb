import { type CollectorSettings, shownUrl } from "../export/collector-settings";
import { OtlpTransport, type Outcome } from "../export/otlp-transport";

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
		const outcome = await new OtlpTransport(settings, () => {}).send([
			Buffer.from('{"resourceSpans":[]}'),
		]);
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
	"HTTP status 415": "it does not take OTLP as JSON",
};

function inWords(outcome: Outcome): string {
	if (outcome.kind === "delivered") return "takes spans";
	const hint = HINTS[outcome.why];
	return hint ? `${outcome.why}: ${hint}` : outcome.why;
}
