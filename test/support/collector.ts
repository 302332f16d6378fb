import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { gunzipSync } from "node:zlib";
import { jsonOfProtobuf, protobufResponse } from "./otlp-protobuf.js";
import { startServer, type TestServer } from "./server.js";
import { readSpans, type Span } from "./spans.js";

/** What a collector does with a request: an answer, or none. */
export type Behaviour =
	| { readonly status: number; readonly headers?: Record<string, string> }
	| { readonly rejects: number }
	/** Finds requests of more bytes too large. */
	| { readonly limit: number }
	| "takes"
	| "takes late"
	| "hangs"
	| "resets";

export interface Collector extends Pick<TestServer, "origin" | "port"> {
	/** The spans that were taken. */
	readonly taken: readonly Span[];
	/** All requests, whatever became of them. */
	readonly requests: readonly CollectorRequest[];
	close(): Promise<void>;
}

export interface CollectorRequest {
	readonly target: string;
	readonly headers: IncomingHttpHeaders;
	readonly spans: readonly Span[];
}

const LATE_MS = 100;

/**
 * Starts an OTLP collector.
 * @param behaviours what it does with its first requests, one after the other; the last goes for all that follow
 */
export async function startCollector(
	behaviours: readonly Behaviour[] = ["takes"],
	options: Parameters<typeof startServer>[0] = {},
): Promise<Collector> {
	const taken: Span[] = [];
	const requests: CollectorRequest[] = [];
	const server = await startServer({
		...options,
		handler: async (request, response) => {
			const spans = await receiveSpans(request);
			const { headers } = request;
			const type = headers["content-type"] ?? "";
			const behaviour = behaviours[requests.length] ?? behaviours.at(-1);
			requests.push({
				target: `${request.method} ${request.url}`,
				headers,
				spans,
			});
			const take = (rejected: number): void => {
				taken.push(...spans.slice(rejected));
				const answer =
					rejected === 0
						? {}
						: {
								partialSuccess: {
									rejectedSpans: String(rejected),
									errorMessage: "not these",
								},
							};
				response.setHeader("content-type", type);
				response.end(
					type === PROTOBUF ? protobufResponse(answer) : JSON.stringify(answer),
				);
			};
			if (behaviour === "takes") take(0);
			else if (behaviour === "takes late") setTimeout(take, LATE_MS, 0);
			else if (behaviour === "resets") request.socket.resetAndDestroy();
			else if (typeof behaviour === "object" && "rejects" in behaviour)
				take(behaviour.rejects);
			else if (typeof behaviour === "object" && "limit" in behaviour) {
				if (Number(headers["content-length"]) <= behaviour.limit) take(0);
				else response.writeHead(413).end();
			} else if (typeof behaviour === "object")
				response.writeHead(behaviour.status, behaviour.headers).end();
		},
	});
	const { origin, port, close } = server;
	return { origin, port, close, taken, requests };
}

const PROTOBUF = "application/x-protobuf";

/** The spans of an OTLP request. */
export async function receiveSpans(request: IncomingMessage): Promise<Span[]> {
	const chunks: Buffer[] = [];
	for await (const chunk of request) chunks.push(chunk);
	const body = Buffer.concat(chunks);
	const { headers } = request;
	const unpacked =
		headers["content-encoding"] === "gzip" ? gunzipSync(body) : body;
	return readSpans(
		headers["content-type"] === PROTOBUF
			? jsonOfProtobuf(unpacked)
			: unpacked.toString(),
	);
}

/** What a program's agent says about all its spans at its end. */
export interface Ledger {
	readonly started: number;
	readonly delivered: number;
	readonly leftOut: number;
	readonly lost: number;
}

/** The environment in which a program's own OpenTelemetry sends its spans to a collector, and nothing else. */
export function ownSpansTo(origin: string): Record<string, string> {
	return {
		OTEL_EXPORTER_OTLP_ENDPOINT: origin,
		OTEL_TRACES_EXPORTER: "otlp",
		OTEL_METRICS_EXPORTER: "none",
		OTEL_LOGS_EXPORTER: "none",
	};
}

/** The environment in which a program sends its spans to a collector and gives account of them. */
export function exportingTo(origin: string): Record<string, string> {
	return {
		OTEL_TRACES_EXPORTER: "otlp",
		OTEL_EXPORTER_OTLP_ENDPOINT: origin,
		OTEL_LOG_LEVEL: "info",
		// Whatever else the machine has to do.
		CONNTRACE_FLUSH_TIMEOUT: "15000",
	};
}

/** The account of the output whose destination begins like this. */
export function ledgerOf(stderr: string, destination: string): Ledger {
	const line = stderr
		.split("\n")
		.find((text) => text.includes(`delivered to ${destination}`));
	const [started, delivered, leftOut, lost] =
		/(\d+) spans: (\d+) delivered to .*, (\d+) left out by choice, (\d+) lost/
			.exec(line ?? "")
			?.slice(1)
			.map(Number) ?? [];
	if (
		started === undefined ||
		delivered === undefined ||
		leftOut === undefined ||
		lost === undefined
	)
		throw new Error(`no account of ${destination} in:\n${stderr}`);
	return { started, delivered, leftOut, lost };
}
