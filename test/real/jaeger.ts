import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readSpans, type Span } from "../support/spans.js";
import {
	configurations,
	freePorts,
	local,
	read,
	startServerProcess,
} from "./server-process.js";

/** A running Jaeger, all of it on the loopback interface. */
export interface Jaeger {
	/** Of its pages and its API. */
	readonly address: string;
	/** GET of its API, as JSON; the parameters are its query. */
	ask(path: string, parameters?: Record<string, string>): Promise<unknown>;
	/** GET of one of its pages. */
	page(path: string): Promise<string>;
	stop(): Promise<void>;
}

/** One that takes traces by OTLP. */
export interface CollectingJaeger extends Jaeger {
	/** Where it takes traces. */
	readonly collector: string;
}

/**
 * Starts Jaeger with this repository's configuration; only addresses and paths differ, which are those of its container.
 * @param pages folder with a build of its pages, in place of the placeholder that its Go module has
 * @throws with what Jaeger said if it does not come up.
 */
export async function startJaeger(
	binary: string,
	pages?: string,
): Promise<CollectingJaeger> {
	const [grpc, http, query, queryGrpc, health] = await freePorts(5);
	const addresses = {
		extensions: {
			healthcheckv2: { http: { endpoint: local(health) } },
			jaeger_query: {
				http: { endpoint: local(query) },
				grpc: { endpoint: local(queryGrpc) },
				ui: {
					config_file: resolve("otel/jaeger-ui.json"),
					...(pages && { assets_path: pages }),
				},
			},
		},
		receivers: {
			otlp: {
				protocols: {
					grpc: { endpoint: local(grpc) },
					http: { endpoint: local(http) },
				},
			},
		},
		service: { telemetry: { metrics: { level: "none" } } },
	};
	const { stop } = await startServerProcess(
		"Jaeger",
		[binary, ...configurations(["otel/jaeger.yaml"], addresses)],
		() => read(`http://${local(health)}/status`),
	);
	return {
		...jaegerAt(local(query), stop),
		collector: `http://${local(http)}`,
	};
}

/** @param address of its pages and its API */
export function jaegerAt(address: string, stop: Jaeger["stop"]): Jaeger {
	const answer = (path: string, parameters: Record<string, string> = {}) =>
		read(`http://${address}${path}?${new URLSearchParams(parameters)}`);
	return {
		address: `http://${address}`,
		ask: async (path, parameters) => JSON.parse(await answer(path, parameters)),
		page: (path) => answer(path),
		stop,
	};
}

/** What it has of a service, of the last and the next hour. */
export async function storedSpans(
	jaeger: Jaeger,
	service: string,
): Promise<Span[]> {
	const hour = 3_600_000;
	return readResult(
		await jaeger.ask("/api/v3/traces", {
			"query.service_name": service,
			"query.start_time_min": new Date(Date.now() - hour).toISOString(),
			"query.start_time_max": new Date(Date.now() + hour).toISOString(),
			"query.num_traces": "10000",
			"query.search_depth": "10000",
		}),
	);
}

/** Jaeger stores in batches, a moment after it has taken them. */
export async function untilStored(
	jaeger: Jaeger,
	service: string,
	count: number,
): Promise<Span[]> {
	for (let attempt = 1; ; attempt++) {
		const spans = await storedSpans(jaeger, service);
		if (spans.length >= count || attempt === 100) return spans;
		await sleep(100);
	}
}

/** The spans of an answer of the v3 API. */
export function readResult(answer: unknown): Span[] {
	const { result } = answer as { result?: unknown };
	return result ? readSpans(JSON.stringify(result)) : [];
}
