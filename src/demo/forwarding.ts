import { parseKeyPairsIntoRecord } from "@opentelemetry/core";
import { Failure } from "../failure.js";

/** How Jaeger listens when nobody says otherwise. */
const JAEGER_PORTS = { otlp: 4318, pages: 16686 };
const PROBE_TIMEOUT_MS = 1000;
const SEND_TIMEOUT_MS = 5000;

/** Where the demo's spans go besides its own receiver. */
export interface Destination {
	readonly tracesUrl: string;
	readonly headers: Readonly<Record<string, string>>;
	/** The address of Jaeger's pages, if it answers there. */
	readonly jaeger?: string;
}

/**
 * The OTLP endpoint that the environment names, else a Jaeger on this machine, if one answers.
 * @throws Failure when the environment names something that is no URL.
 */
export async function findDestination(
	environment: NodeJS.ProcessEnv,
	ports = JAEGER_PORTS,
): Promise<Destination | undefined> {
	const configured = configuredUrl(environment);
	const tracesUrl = configured ?? `http://localhost:${ports.otlp}/v1/traces`;
	const headers = {
		...parseKeyPairsIntoRecord(environment.OTEL_EXPORTER_OTLP_HEADERS),
		...parseKeyPairsIntoRecord(environment.OTEL_EXPORTER_OTLP_TRACES_HEADERS),
	};
	if (!configured) {
		const limit = AbortSignal.timeout(PROBE_TIMEOUT_MS);
		const empty = post({ tracesUrl, headers }, "{}", limit);
		if (!(await succeeds(empty))) return undefined;
	}
	const pages = `http://${new URL(tracesUrl).hostname}:${ports.pages}`;
	const services = fetch(`${pages}/api/v3/services`, {
		signal: AbortSignal.timeout(PROBE_TIMEOUT_MS),
	});
	return {
		tracesUrl,
		headers,
		...((await succeeds(services)) && { jaeger: pages }),
	};
}

function configuredUrl(environment: NodeJS.ProcessEnv): string | undefined {
	const traces = environment.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT;
	if (traces) return url("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", traces);
	const base = environment.OTEL_EXPORTER_OTLP_ENDPOINT;
	if (!base) return undefined;
	return `${url("OTEL_EXPORTER_OTLP_ENDPOINT", base).replace(/\/$/, "")}/v1/traces`;
}

function url(variable: string, value: string): string {
	if (/^https?:\/\//i.test(value) && URL.canParse(value)) return value;
	throw new Failure(
		`${variable} must be an http or https URL such as http://localhost:4318, got "${value}".`,
	);
}

/** Nobody needs to listen there: that an address does not answer is an answer. */
async function succeeds(request: Promise<Response>): Promise<boolean> {
	try {
		const response = await request;
		await response.body?.cancel();
		return response.ok;
	} catch {
		return false;
	}
}

function post(
	{ tracesUrl, headers }: Destination,
	json: string,
	signal: AbortSignal,
): Promise<Response> {
	return fetch(tracesUrl, {
		method: "POST",
		headers: { ...headers, "content-type": "application/json" },
		body: json,
		signal,
	});
}

/**
 * Sends one export on.
 * @throws Failure when it is not accepted, or when the signal is aborted.
 */
export async function forward(
	destination: Destination,
	json: string,
	signal: AbortSignal,
): Promise<void> {
	let refusal: string;
	try {
		const limit = AbortSignal.timeout(SEND_TIMEOUT_MS);
		const either = AbortSignal.any([signal, limit]);
		const response = await post(destination, json, either);
		const answer = await response.text();
		if (response.ok) return;
		refusal = `it answered ${response.status} ${answer.slice(0, 200)}`;
	} catch (error) {
		const { message, cause } = error as Error;
		refusal = cause instanceof Error && cause.message ? cause.message : message;
	}
	throw new Failure(
		`Could not send the spans on to ${destination.tracesUrl}: ${refusal}`,
	);
}

/** The page of Jaeger that lists a service's traces. */
export function searchLink(jaeger: string, service: string): string {
	return `${jaeger}/search?${new URLSearchParams({ service, lookback: "1h", limit: "100" })}`;
}
