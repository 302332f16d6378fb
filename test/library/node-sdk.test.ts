import { createRequire } from "node:module";
import { resolve } from "node:path";
import { describe, expect } from "vitest";
import {
	exportingTo,
	ownSpansTo,
	startCollector,
} from "../support/collector.js";
import { checkContract } from "../support/contract.js";
import { runProgram } from "../support/run-program.js";
import { runScenario, story, test } from "../support/scenario.js";
import { requestsOf } from "../support/spans.js";
import { GENERATIONS, tree } from "./support.js";

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
					...ownSpansTo(collector.origin),
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

	test("may come from auto-instrumentations-node/register, with the library preloaded after it", async ({
		http,
	}) => {
		const collector = await startCollector();
		const directory = resolve("test/library", generation);
		const { resolve: find } = createRequire(`${directory}/package.json`);
		const run = await runScenario(
			http,
			async ({ get }) => {
				await get("/x", { agent: false });
			},
			{
				nodeOptions: [
					"-r",
					find("@opentelemetry/auto-instrumentations-node/register"),
				],
				register: `${directory}/alone.cjs`,
				environment: {
					...exportingTo(collector.origin),
					OTEL_METRICS_EXPORTER: "none",
					OTEL_LOGS_EXPORTER: "none",
					OTEL_NODE_DISABLED_INSTRUMENTATIONS: "dns,net",
					// They ask for the metadata of cloud providers.
					OTEL_NODE_RESOURCE_DETECTORS: "none",
				},
			},
		);
		await collector.close();
		expect(run).toMatchObject({ exitCode: 0, stderr: "" });
		expect(tree(collector.taken)).toEqual([
			"GET by http first_connection",
			"  connection.setup",
			"    dns.lookup",
			"    tcp.connect",
		]);
	});
});
