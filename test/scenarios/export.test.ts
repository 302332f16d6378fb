import { expect } from "vitest";
import { runScenario, test } from "../support/scenario.js";
import { refusingPort, startServer } from "../support/server.js";
import { readSpans } from "../support/spans.js";

/** Far more than a program takes to start, do its work and end, and less than trying again would hold it up. */
const AT_ONCE_MS = 6000;

test("by OTLP the same spans arrive as in the file, and none about their delivery", async ({
	https,
}) => {
	const exports: { type: unknown; body: string }[] = [];
	const collector = await startServer({
		handler: async (request, response) => {
			const chunks: Buffer[] = [];
			for await (const chunk of request) chunks.push(chunk);
			exports.push({
				type: `${request.method} ${request.url} ${request.headers["content-type"]}`,
				body: Buffer.concat(chunks).toString(),
			});
			response.setHeader("content-type", "application/json");
			response.end("{}");
		},
	});
	const run = await runScenario(
		https,
		async ({ get }) => {
			for (let call = 1; call <= 5; call++) await get("/");
		},
		{
			environment: {
				OTEL_TRACES_EXPORTER: "otlp",
				OTEL_EXPORTER_OTLP_ENDPOINT: collector.origin,
				CONNTRACE_FLUSH_TIMEOUT: "15000",
			},
		},
	);
	await collector.close();
	expect(run.stderr).toBe("");
	expect(new Set(exports.map(({ type }) => type))).toEqual(
		new Set(["POST /v1/traces application/json"]),
	);
	const received = exports.flatMap(({ body }) => readSpans(body));
	const byId = (a: { spanId: string }, b: { spanId: string }) =>
		a.spanId < b.spanId ? -1 : 1;
	expect(run.spans).toHaveLength(5 + 4);
	expect(received.toSorted(byId)).toEqual(run.spans.toSorted(byId));
});

test("a collector that is not there costs the program one line and half a second", async ({
	https,
}) => {
	const port = await refusingPort();
	const begin = performance.now();
	const run = await runScenario(
		https,
		async ({ get, report }) => {
			report(await get("/"));
		},
		{
			environment: {
				OTEL_TRACES_EXPORTER: "otlp",
				OTEL_EXPORTER_OTLP_ENDPOINT: `http://localhost:${port}`,
			},
		},
	);
	expect(performance.now() - begin).toBeLessThan(AT_ONCE_MS);
	expect(run.exitCode).toBe(0);
	expect(run.reports).toHaveLength(1);
	expect(run.stderr.trimEnd().split("\n")).toHaveLength(1);
	expect(run.stderr).toContain("5 spans");
	expect(run.spans).toHaveLength(5);
});
