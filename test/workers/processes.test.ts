import { resolve } from "node:path";
import { describe, expect } from "vitest";
import { startCollector } from "../support/collector.js";
import { checkContract } from "../support/contract.js";
import { compareWithServer } from "../support/ground-truth.js";
import { runProgram } from "../support/run-program.js";
import { runScenario, test } from "../support/scenario.js";
import { named, requestsOf } from "../support/spans.js";

const PROGRAM = resolve("test/programs/processes.cjs");

describe.concurrent("child processes", () => {
	for (const kind of ["fork", "cluster"])
		test(`${kind}: each process has its spans and its ids`, async ({
			https,
		}) => {
			const run = await runProgram(PROGRAM, {
				arguments: [kind, https.origin, "3", "1"],
			});
			expect(run.stderr).toBe("");
			expect(run.exitCode).toBe(0);
			expect(checkContract(run.spans)).toEqual([]);
			expect(compareWithServer(run.spans, https)).toEqual([]);
			expect(https.connections).toHaveLength(4);
			const setups = named(run.spans, "connection.setup");
			expect(
				new Set(
					setups.map(({ attributes }) => attributes["conntrace.connection.id"]),
				).size,
			).toBe(4);
		});

	test("one that is not given the preload is not traced", async ({ https }) => {
		const run = await runProgram(PROGRAM, {
			arguments: ["fork-without-options", https.origin, "1", "1"],
		});
		expect(run.exitCode).toBe(0);
		expect(https.requests).toHaveLength(2);
		expect(requestsOf(run.spans)).toHaveLength(1);
	});

	test("NODE_OPTIONS reaches those of any kind", async ({ https }) => {
		const run = await runProgram(PROGRAM, {
			preload: "NODE_OPTIONS",
			arguments: ["spawn", https.origin, "2", "1"],
		});
		expect(run.exitCode).toBe(0);
		expect(requestsOf(run.spans)).toHaveLength(3);
	});
});

test("processes and threads that write one file leave whole lines", async ({
	http,
}) => {
	const run = await runProgram(PROGRAM, {
		arguments: ["fork", http.origin, "4", "300"],
	});
	expect(run.exitCode).toBe(0);
	// Each line is read as JSON: a torn one would throw.
	expect(checkContract(run.spans)).toEqual([]);
	expect(compareWithServer(run.spans, http)).toEqual([]);
	expect(requestsOf(run.spans)).toHaveLength(http.requests.length);
	expect(http.requests).toHaveLength(5 * 300);
});

test("each process and thread exports its spans once", async ({ http }) => {
	const collector = await startCollector();
	const environment = {
		OTEL_TRACES_EXPORTER: "otlp",
		OTEL_EXPORTER_OTLP_ENDPOINT: collector.origin,
		CONNTRACE_FLUSH_TIMEOUT: "10000",
	};
	const [threads, processes] = await Promise.all([
		runScenario(
			http,
			async ({ load, origin, get, once }) => {
				type Threads = typeof import("node:worker_threads");
				const { Worker } = await load<Threads>("node:worker_threads");
				// Ends before it can have sent anything: what is under way at the end is sent again.
				const source = `require("node:http").get("${origin}", (response) =>
					response.resume().on("end", () => process.exit()))`;
				await Promise.all(
					[1, 2].map(() => once(new Worker(source, { eval: true }), "exit")),
				);
				await get("/");
			},
			{ environment },
		),
		runProgram(PROGRAM, {
			arguments: ["fork", http.origin, "2", "1"],
			environment,
		}),
	]);
	await collector.close();
	const idsOf = (spans: readonly { spanId: string }[]) =>
		spans.map(({ spanId }) => spanId).toSorted();
	expect(http.requests).toHaveLength(6);
	expect(idsOf(collector.taken)).toEqual(
		idsOf([...threads.spans, ...processes.spans]),
	);
});

test("each process and thread sums itself up", async ({ http }) => {
	const environment = { CONNTRACE_SUMMARY: "1" };
	const [threads, processes] = await Promise.all([
		runScenario(
			http,
			async ({ load, origin, get, once }) => {
				type Threads = typeof import("node:worker_threads");
				const { Worker } = await load<Threads>("node:worker_threads");
				const source = `require("node:http").get("${origin}", (response) => response.resume())`;
				await once(new Worker(source, { eval: true }), "exit");
				await get("/");
			},
			{ environment },
		),
		runProgram(PROGRAM, {
			arguments: ["fork", http.origin, "2", "1"],
			environment,
		}),
	]);
	const summaries = /conntrace: the connections of/g;
	expect(threads.stderr.match(summaries)).toHaveLength(2);
	expect(processes.stderr.match(summaries)).toHaveLength(3);
});
