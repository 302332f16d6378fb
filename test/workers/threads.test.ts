import { describe, expect } from "vitest";
import { runScenario, test, trace } from "../support/scenario.js";
import { named, requestsOf, type Span } from "../support/spans.js";

const pathsOf = (spans: readonly Span[]): string[] =>
	requestsOf(spans)
		.map(({ attributes }) => new URL(String(attributes["url.full"])).pathname)
		.toSorted();

const idsOf = (spans: readonly Span[]): unknown[] =>
	named(spans, "connection.setup").map(
		({ attributes }) => attributes["conntrace.connection.id"],
	);

/** What a worker thread does once it has its answer, and how it ends by that. */
const ENDS: Readonly<Record<string, readonly [then: string, code: number]>> = {
	"when nothing is left to do": ["", 0],
	"by process.exit()": ["process.exit(3)", 3],
	"by an error that nobody catches": ["throw new Error('uncaught')", 1],
	"by terminate()": [
		"setTimeout(() => parentPort.postMessage('terminate'), 200); setInterval(() => {}, 1000)",
		1,
	],
};

describe.concurrent("a worker thread that ends", () => {
	for (const [name, [then, code]] of Object.entries(ENDS)) {
		test(`${name} loses nothing`, async ({ http }) => {
			const run = await trace(
				http,
				async ({ load, origin, values, report, once }) => {
					type Threads = typeof import("node:worker_threads");
					const { Worker } = await load<Threads>("node:worker_threads");
					const worker = new Worker(
						`const { parentPort } = require("node:worker_threads");
						require("node:http").get("${origin}/worker", { agent: false }, (response) => {
							response.resume();
							response.on("close", () => setImmediate(() => { ${values} }));
						});`,
						{ eval: true },
					);
					worker.on("error", ({ message }) => report(message));
					worker.on("message", () => worker.terminate());
					report((await once(worker, "exit"))[0]);
				},
				{ values: then },
			);
			expect(run.reports.at(-1)).toBe(code);
			expect(pathsOf(run.spans)).toEqual(["/worker"]);
			expect(http.connections).toHaveLength(1);
		});
	}

	test("by the end of the process takes its spans along", async ({ http }) => {
		const run = await trace(http, async ({ load, origin, once }) => {
			type Threads = typeof import("node:worker_threads");
			const { Worker } = await load<Threads>("node:worker_threads");
			const worker = new Worker(
				`require("node:http").get("${origin}/worker", { agent: false }, (response) => {
					response.resume();
					response.on("close", () =>
						setTimeout(() => require("node:worker_threads").parentPort.postMessage("done"), 200));
				});
				setInterval(() => {}, 1000);`,
				{ eval: true },
			);
			await once(worker, "message");
			process.exit(0);
		});
		expect(pathsOf(run.spans)).toEqual(["/worker"]);
	});

	test("in the middle of a request tells what is known of it", async ({
		http,
	}) => {
		const run = await trace(http, async ({ load, origin, once, report }) => {
			type Threads = typeof import("node:worker_threads");
			const { Worker } = await load<Threads>("node:worker_threads");
			const worker = new Worker(
				`const request = require("node:http").get("${origin}/never");
				request.on("finish", () => setTimeout(() => process.exit(), 50));`,
				{ eval: true },
			);
			report((await once(worker, "exit"))[0]);
		});
		const [request] = requestsOf(run.spans);
		expect(request?.attributes).toMatchObject({ "conntrace.unfinished": true });
	});
});

describe.concurrent("a worker thread that begins", () => {
	test("has connection ids of its own, as has each of its own worker threads", async ({
		http,
	}) => {
		const run = await trace(http, async ({ load, get, origin, once }) => {
			type Threads = typeof import("node:worker_threads");
			const { Worker } = await load<Threads>("node:worker_threads");
			const source = (path: string, more = ""): string =>
				`require("node:http").get("${origin}${path}", { agent: false }, (response) => response.resume()); ${more}`;
			const nested = JSON.stringify(source("/nested"));
			const workers = [1, 2, 3].map(
				(number) =>
					new Worker(
						source(
							`/worker-${number}`,
							number === 1
								? `new (require("node:worker_threads").Worker)(${nested}, { eval: true })`
								: "",
						),
						{ eval: true },
					),
			);
			await Promise.all([
				get("/main", { agent: false }),
				...workers.map((worker) => once(worker, "exit")),
			]);
		});
		expect(pathsOf(run.spans)).toEqual([
			"/main",
			"/nested",
			...["/worker-1", "/worker-2", "/worker-3"],
		]);
		expect(new Set(idsOf(run.spans)).size).toBe(5);
		expect(http.connections).toHaveLength(5);
	});

	test("is traced or not as Node hands the preload on", async ({ http }) => {
		const run = await runScenario(http, async ({ load, origin, once }) => {
			type Threads = typeof import("node:worker_threads");
			const { Worker, SHARE_ENV } = await load<Threads>("node:worker_threads");
			const options: Record<string, object> = {
				"/plain": {},
				"/no-environment": { env: {} },
				"/shared-environment": { env: SHARE_ENV },
				"/limits": { resourceLimits: { maxOldGenerationSizeMb: 64 } },
				"/no-options": { execArgv: [] },
				"/disabled": { env: { OTEL_SDK_DISABLED: "true" } },
			};
			await Promise.all(
				Object.entries(options).map(([path, own]) =>
					once(
						new Worker(
							`require("node:http").get("${origin}${path}", (response) => response.resume())`,
							{ eval: true, ...own },
						),
						"exit",
					),
				),
			);
		});
		expect(run.stderr).toBe("");
		expect(http.requests).toHaveLength(6);
		expect(pathsOf(run.spans)).toEqual([
			...["/limits", "/no-environment", "/plain", "/shared-environment"],
		]);
	});

	test("without an environment belongs to the same service", async ({
		http,
	}) => {
		const run = await runScenario(
			http,
			async ({ load, origin, once, report }) => {
				type Threads = typeof import("node:worker_threads");
				const { Worker } = await load<Threads>("node:worker_threads");
				const worker = new Worker(
					`require("node:http").get("${origin}/", (response) => response.resume());
					require("node:worker_threads").parentPort.postMessage({ ...process.env })`,
					{ eval: true, env: {} },
				);
				const [[environment]] = await Promise.all([
					once(worker, "message"),
					once(worker, "exit"),
				]);
				report(environment);
			},
			{
				environment: {
					OTEL_SERVICE_NAME: "the service",
					OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=t%20est",
				},
			},
		);
		expect(run.reports).toEqual([{}]);
		const [{ resourceSpans }] = run.exported
			.trimEnd()
			.split("\n")
			.map((line) => JSON.parse(line));
		expect(resourceSpans[0].resource.attributes).toEqual(
			expect.arrayContaining([
				{ key: "service.name", value: { stringValue: "the service" } },
				{
					key: "deployment.environment.name",
					value: { stringValue: "t est" },
				},
			]),
		);
	});

	test("repeats no warning", async ({ http }) => {
		const run = await runScenario(
			http,
			async ({ load, once }) => {
				type Threads = typeof import("node:worker_threads");
				const { Worker } = await load<Threads>("node:worker_threads");
				await once(new Worker("0", { eval: true }), "exit");
			},
			{ environment: { CONNTRACE_SUMMARY: "maybe" } },
		);
		expect(run.stderr.match(/CONNTRACE_SUMMARY/g)).toHaveLength(1);
	});
});
