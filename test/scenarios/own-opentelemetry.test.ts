import { resolve } from "node:path";
import { describe, expect } from "vitest";
import { exportingTo, startCollector } from "../support/collector.js";
import { bundle, parentName, recorded } from "../support/own-opentelemetry.js";
import { type Run, runProgram } from "../support/run-program.js";
import { judge, test } from "../support/scenario.js";
import { childrenOf, named, only } from "../support/spans.js";

const API_VERSIONS = {
	"1.4": "otel-api-1.4",
	"1.9": "@opentelemetry/api",
	"1.10": "otel-api-1.10",
};

const PROGRAM = resolve("test/programs/traced-by-itself.cjs");

for (const [version, api] of Object.entries(API_VERSIONS)) {
	describe.concurrent(`a program with OpenTelemetry API ${version}`, () => {
		for (const order of ["before", "after"] as const) {
			for (const instrumented of [false, true]) {
				test(`set up ${order} the agent, ${instrumented ? "with" : "without"} instrumentation of dns and net`, async ({
					https,
				}) => {
					const setup = await bundle(api);
					const start = (preload: "none" | "require") =>
						runProgram(PROGRAM, {
							preload,
							nodeOptions: order === "before" ? ["-r", setup] : [],
							arguments: [https.origin, ...(order === "after" ? [setup] : [])],
							environment: { TEST_INSTRUMENT: instrumented ? "1" : "0" },
						});
					const alone = await start("none");
					const connectionsAlone = https.connections.length;
					const traced = await start("require");

					expect(alone.exitCode).toBe(0);
					expect(summary(alone).length).toBeGreaterThan(5);
					expect(summary(traced)).toEqual(summary(alone));

					const own = recorded(traced);
					const { requests, spans } = judge(
						traced,
						[
							{
								port: https.port,
								connections: https.connections.slice(connectionsAlone),
							},
						],
						{ foreignParents: new Set(own.map(({ ids }) => ids.spanId)) },
					);
					expect(requests.map((span) => parentName(span, own))).toEqual([
						...["first", "second", "inner", "together", "together"],
						undefined,
					]);
					expect(
						named(spans, "dns.lookup")
							.map((span) => parentName(span, own))
							.filter((name) => name !== undefined),
					).toEqual(["lookup"]);
					const refused = only(
						named(spans, "connection.setup").filter(({ error }) => error),
					);
					expect(parentName(refused, own)).toBe("refused");
					expect(childrenOf(spans, refused)).toHaveLength(1);
				});
			}
		}
	});
}

test("a program that records its sockets and lookups sees nothing of the export", async ({
	https,
}) => {
	const collector = await startCollector();
	const setup = await bundle("@opentelemetry/api");
	const start = (
		preload: "none" | "require",
		environment: Record<string, string> = {},
	) =>
		runProgram(PROGRAM, {
			preload,
			nodeOptions: ["-r", setup],
			arguments: [https.origin],
			environment: { TEST_INSTRUMENT: "1", ...environment },
		});
	const alone = await start("none");
	const traced = await start("require", {
		...exportingTo(collector.origin),
		OTEL_BSP_SCHEDULE_DELAY: "1",
	});
	await collector.close();
	// Sent while the program still recorded.
	expect(collector.requests.length).toBeGreaterThan(1);
	// What was under way when the process ended is sent again, with the same ids.
	const taken = new Set(collector.taken.map(({ spanId }) => spanId));
	expect(taken.size).toBe(traced.spans.length);
	expect(summary(traced)).toEqual(summary(alone));
});

/** What it recorded, without what differs from run to run. */
function summary(run: Run): unknown[] {
	return recorded(run).map(({ recorded }) => ({
		...recorded,
		attributes: Object.fromEntries(
			Object.entries(recorded.attributes).filter(
				([name]) => name !== "network.local.port",
			),
		),
	}));
}
