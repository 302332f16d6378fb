import { randomUUID } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect, inject } from "vitest";
import { startHttp2Server } from "../support/http2-server.js";
import { test as base } from "../support/lambda.js";
import { startProxy } from "../support/proxy.js";
import { refusingPort, startServer } from "../support/server.js";
import { startLeakyServer } from "./leaky-server.js";
import { Markers } from "./markers.js";
import * as programs from "./programs.js";

interface Export {
	readonly headers: IncomingHttpHeaders;
	readonly body: string;
}

/** What a test runs its programs in, every part of it full of secrets. */
export interface World {
	readonly markers: Markers<programs.Kind>;
	readonly values: programs.Values;
	/** What the collector was sent. */
	readonly exports: readonly Export[];
	readonly environment: Record<string, string>;
	/** For a program that exports to one. */
	readonly file: string;
	/** What the servers saw, as text. */
	seen(): string;
}

/** A test in a world of its own, where functions can run in a Lambda as well. */
export const test = base.extend<{ readonly world: World }>({
	// biome-ignore lint/correctness/noEmptyPattern: the form that vitest asks for
	world: async ({}, use) => {
		const markers = new Markers(programs.KINDS);
		const { secrets } = markers;
		const certificate = inject("certificate");
		const { key, cert } = certificate;
		markers.add("a key", key.split("\n")[2] ?? "");
		const [plain, secure, secure2, proxy, refusing] = await Promise.all([
			startLeakyServer(secrets),
			startLeakyServer(secrets, {
				...certificate,
				ALPNProtocols: ["http/1.1", secrets.protocol],
			}),
			startHttp2Server({ certificate }),
			startProxy(),
			startProxy({ refuse: 407 }),
		]);
		const exports: Export[] = [];
		const collector = await startServer({
			handler: async (request, response) => {
				const chunks: Buffer[] = [];
				for await (const chunk of request) chunks.push(chunk);
				const { headers } = request;
				const body = Buffer.concat(chunks);
				const text =
					headers["content-encoding"] === "gzip" ? gunzipSync(body) : body;
				exports.push({ headers, body: text.toString() });
				response.end("{}");
			},
		});
		const credentials = `user:${encodeURIComponent(secrets.proxyPassword)}`;
		const token = encodeURIComponent(secrets.collectorHeader);
		await use({
			markers,
			values: {
				secrets,
				plain: plain.origin,
				secure: secure.origin,
				secure2: secure2.origin,
				refused: await refusingPort(),
				proxies: [proxy, refusing].map(
					({ port }) => `http://${credentials}@localhost:${port}`,
				),
				key,
				cert,
			},
			exports,
			file: join(inject("temporaryDirectory"), `${randomUUID()}.jsonl`),
			environment: {
				OTEL_TRACES_EXPORTER: "otlp",
				OTEL_EXPORTER_OTLP_ENDPOINT: collector.origin.replace(
					"//",
					`//user:${token}@`,
				),
				OTEL_EXPORTER_OTLP_HEADERS: `x-api-key=${token}`,
				OTEL_EXPORTER_OTLP_COMPRESSION: "gzip",
				OTEL_LOG_LEVEL: "debug",
				CONNTRACE_SUMMARY: "1",
				CONNTRACE_FLUSH_TIMEOUT: "15000",
				SECRET_OF_THE_ENVIRONMENT: secrets.environment,
			},
			seen: () =>
				JSON.stringify([plain, secure, proxy, refusing, secure2])
					// Written as JSON once more.
					.replaceAll("\\", ""),
		});
		await Promise.all(
			[plain, secure, secure2, proxy, refusing, collector].map((server) =>
				server.close(),
			),
		);
	},
});

/** The collector has its own secret and no other, and nobody else has it. */
export function expectClean({ markers, seen, exports }: World): void {
	expect(exports.length).toBeGreaterThan(0);
	for (const { headers, body } of exports) {
		expect(markers.foundIn(body)).toEqual([]);
		expect(markers.foundIn(JSON.stringify(headers))).toEqual([
			"collectorHeader",
		]);
	}
	expect(markers.foundIn(seen())).not.toContain("collectorHeader");
}
