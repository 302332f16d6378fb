import { expect } from "vitest";
import { startCollector } from "../support/collector.js";
import { runScenario, test } from "../support/scenario.js";
import { refusingPort } from "../support/server.js";

/** Far more than a program takes to start, do its work and end, and less than trying again would hold it up. */
const AT_ONCE_MS = 6000;

for (const [protocol, type] of Object.entries({
	"http/protobuf": "application/x-protobuf",
	"http/json": "application/json",
})) {
	test(`by OTLP as ${protocol} the same spans arrive as in the file, and none about their delivery`, async ({
		https,
	}) => {
		const collector = await startCollector();
		const run = await runScenario(
			https,
			async ({ get }) => {
				for (let call = 1; call <= 5; call++) await get("/");
			},
			{
				environment: {
					OTEL_TRACES_EXPORTER: "otlp",
					OTEL_EXPORTER_OTLP_ENDPOINT: collector.origin,
					OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
					CONNTRACE_FLUSH_TIMEOUT: "15000",
				},
			},
		);
		await collector.close();
		expect(run.stderr).toBe("");
		const types = collector.requests.map(
			({ target, headers }) => `${target} ${headers["content-type"]}`,
		);
		expect(new Set(types)).toEqual(new Set([`POST /v1/traces ${type}`]));
		const byId = (a: { spanId: string }, b: { spanId: string }) =>
			a.spanId < b.spanId ? -1 : 1;
		expect(run.spans).toHaveLength(5 + 4);
		expect(collector.taken.toSorted(byId)).toEqual(run.spans.toSorted(byId));
	});
}

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
