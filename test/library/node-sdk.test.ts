import { resolve } from "node:path";
import { describe, expect } from "vitest";
import { startCollector } from "../support/collector.js";
import { checkContract } from "../support/contract.js";
import { runProgram } from "../support/run-program.js";
import { story, test } from "../support/scenario.js";
import { requestsOf } from "../support/spans.js";
import { GENERATIONS } from "./support.js";

describe.concurrent.each(GENERATIONS)("the NodeSDK of %s", (generation) => {
	test("exports what an ES module's requests did, and nothing of the export", async ({
		http,
	}) => {
		const collector = await startCollector();
		const run = await runProgram(
			resolve(`test/library/${generation}/program.mjs`),
			{
				preload: "none",
				environment: {
					OTEL_EXPORTER_OTLP_ENDPOINT: collector.origin,
					OTEL_TRACES_EXPORTER: "otlp",
					OTEL_METRICS_EXPORTER: "none",
					OTEL_LOGS_EXPORTER: "none",
					TEST_TARGET: `${http.origin}/x`,
				},
			},
		);
		await collector.close();
		expect(run).toMatchObject({ exitCode: 0, stderr: "" });
		expect(checkContract(collector.taken)).toEqual([]);
		expect(story({ requests: requestsOf(collector.taken) })).toEqual([
			"first_connection",
		]);
		expect(
			collector.taken.filter(({ name }) => name === "connection.setup"),
		).toHaveLength(1);
	});
});
