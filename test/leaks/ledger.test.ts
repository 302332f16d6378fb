import { createServer } from "node:http";
import { describe, expect } from "vitest";
import {
	type Behaviour,
	exportingTo,
	ledgerOf,
	startCollector,
} from "../support/collector.js";
import { runScenario, test } from "../support/scenario.js";
import { closeServer, listen, startServer } from "../support/server.js";
import {
	duration,
	errorsOf,
	named,
	requestsOf,
	type Span,
} from "../support/spans.js";

const DAY_MS = 24 * 60 * 60 * 1000;
const MIB = 1024 * 1024;

/** What was under way when the process ended was sent again. */
function distinct(spans: readonly Span[]): number {
	return new Set(spans.map(({ spanId }) => spanId)).size;
}

describe.concurrent("the account of spans closes", () => {
	test("after a burst of 50,000 requests", async () => {
		const server = createServer((_, response) => response.end("ok"));
		const port = await listen(server, "localhost");
		const collector = await startCollector();
		const run = await runScenario(
			{ origin: `http://localhost:${port}`, port },
			async ({ client, request, report }) => {
				const agent = new client.Agent({ keepAlive: true, maxSockets: 32 });
				let sent = 0;
				let failed = 0;
				const caller = async () => {
					while (sent++ < 50_000) {
						await new Promise((resolve) => {
							request("/", { agent })
								.on("response", (response) => response.resume())
								.on("error", () => failed++)
								.on("close", resolve)
								.end();
						});
					}
				};
				await Promise.all(Array.from({ length: 32 }, caller));
				agent.destroy();
				report(failed);
			},
			{
				environment: { ...exportingTo(collector.origin), CONNTRACE_FILE: "" },
				timeLimit: 150_000,
			},
		);
		await closeServer(server, []);
		await collector.close();
		expect(run.reports).toEqual([0]);
		const { started, delivered, lost } = ledgerOf(run.stderr, collector.origin);
		expect(started).toBeGreaterThanOrEqual(50_000);
		expect(delivered + lost).toBe(started);
		expect(delivered).toBe(distinct(collector.taken));
	}, 160_000);

	test("where plain requests had to make room for what tells something", async ({
		http,
	}) => {
		const collector = await startCollector([
			{ status: 503, headers: { "retry-after": "6" } },
			"takes",
		]);
		const run = await runScenario(
			http,
			async ({ get, sleep }) => {
				await get("/");
				await sleep(100);
				for (let call = 1; call <= 200; call++) {
					await get(call % 40 === 0 ? "/status/404" : "/");
				}
				await get("/", { agent: false });
				await sleep(6500);
			},
			{
				environment: {
					...exportingTo(collector.origin),
					OTEL_BSP_SCHEDULE_DELAY: "5",
					OTEL_BSP_MAX_QUEUE_SIZE: "50",
					OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "10",
				},
			},
		);
		await collector.close();
		const { started, delivered, lost } = ledgerOf(run.stderr, collector.origin);
		expect(started).toBe(run.spans.length);
		expect(lost).toBeGreaterThan(0);
		expect(delivered + lost).toBe(started);
		expect(delivered).toBe(distinct(collector.taken));
		const taken = new Set(collector.taken.map(({ spanId }) => spanId));
		const dropped = run.spans.filter(({ spanId }) => !taken.has(spanId));
		for (const { attributes } of dropped)
			expect(attributes["conntrace.connection.reused"]).toBe(true);
		expect(errorsOf(dropped).filter(Boolean)).toEqual([]);
		expect(named(collector.taken, "connection.setup")).toHaveLength(2);
	});

	test("where a collector hangs, and more waits for it than a small container has room for", async () => {
		const behaviours: Behaviour[] = ["hangs"];
		const collector = await startCollector(behaviours);
		const server = await startServer({
			handler: (request, response) => {
				const failing = request.url?.startsWith("/failing");
				if (request.url === "/over" && behaviours.length === 1)
					behaviours.push("takes");
				response.statusCode = failing ? 503 : 200;
				response.end(collector.taken.length > 0 ? "taken" : "");
			},
		});
		const run = await runScenario(
			server,
			async ({ get, report, sleep }) => {
				const long = "a".repeat(3000);
				for (let call = 1; call <= 5000; call++) {
					if (call % 500 === 0) await get(`/failing/${long}`);
					else
						await get(`/${long}`, call % 500 === 250 ? { agent: false } : {});
				}
				globalThis.gc?.();
				report(process.memoryUsage().arrayBuffers);
				// It takes what comes from now on.
				while ((await get("/over")).length === 0) await sleep(100);
			},
			{
				preload: "import",
				// As in a container with so little memory that the least of all bounds goes for the queue.
				nodeOptions: [
					"--expose-gc",
					"--max-old-space-size=32",
					"--import",
					`data:text/javascript,process.constrainedMemory = () => ${64 * MIB}`,
				],
				environment: {
					...exportingTo(collector.origin),
					OTEL_EXPORTER_OTLP_TIMEOUT: "3000",
				},
				timeLimit: 120_000,
			},
		);
		await Promise.all([server.close(), collector.close()]);
		expect(run.exitCode).toBe(0);
		const { started, delivered, lost } = ledgerOf(run.stderr, collector.origin);
		expect(started).toBe(run.spans.length);
		expect(delivered + lost).toBe(started);
		expect(lost).toBeGreaterThan(0);
		expect(run.stderr).toContain(
			`${lost} of ${started} spans were not delivered to ${collector.origin}/v1/traces: no room: `,
		);
		const [buffers] = run.reports;
		expect(buffers).toBeGreaterThan(6 * MIB);
		expect(buffers).toBeLessThan(16 * MIB);
		// What was on its way at the end comes a second time.
		const taken = new Map(collector.taken.map((span) => [span.spanId, span]));
		expect(taken.size).toBe(delivered);
		const dropped = run.spans.filter(({ spanId }) => !taken.has(spanId));
		for (const { attributes } of dropped)
			expect(attributes["conntrace.connection.reused"]).toBe(true);
		expect(errorsOf(dropped).filter(Boolean)).toEqual([]);
		const kept = [...taken.values()];
		expect(named(kept, "connection.setup")).toHaveLength(11);
		expect(errorsOf(kept).filter(Boolean)).toHaveLength(10);
	}, 130_000);

	test("of 8 worker threads and the process", async ({ http }) => {
		const collector = await startCollector();
		const run = await runScenario(
			http,
			async ({ load, origin, get, once }) => {
				type Threads = typeof import("node:worker_threads");
				const { Worker } = await load<Threads>("node:worker_threads");
				const source = `const http = require("node:http");
					let left = 50;
					const next = () => left-- > 0 && http.get("${origin}", (response) => response.resume().on("end", next));
					next();`;
				await Promise.all(
					Array.from({ length: 8 }, () =>
						once(new Worker(source, { eval: true }), "exit"),
					),
				);
				await get("/");
			},
			{ environment: exportingTo(collector.origin) },
		);
		await collector.close();
		const accounts = run.stderr
			.split("\n")
			.filter((line) => line.includes(`delivered to ${collector.origin}`))
			.map((line) => ledgerOf(line, collector.origin));
		expect(accounts).toHaveLength(9);
		for (const { started, delivered, lost } of accounts) {
			expect([lost, delivered]).toEqual([0, started]);
		}
		const sum = accounts.reduce((total, { started }) => total + started, 0);
		expect(sum).toBe(run.spans.length);
		const taken = new Set(collector.taken.map(({ spanId }) => spanId));
		expect(taken.size).toBe(sum);
		expect(requestsOf(run.spans)).toHaveLength(401);
	});

	test("with a clock that is set forward and back, and times stay true", async ({
		http,
	}) => {
		const begin = Date.now();
		const collector = await startCollector();
		const run = await runScenario<number>(
			http,
			async ({ get, values }) => {
				const { now } = Date;
				await get("/1");
				Date.now = () => now() + values;
				await get("/2");
				Date.now = () => now() - values;
				await get("/3");
			},
			{ values: DAY_MS, environment: exportingTo(collector.origin) },
		);
		await collector.close();
		const { started, delivered } = ledgerOf(run.stderr, collector.origin);
		expect([started, delivered]).toEqual([run.spans.length, run.spans.length]);
		const requests = requestsOf(run.spans);
		expect(
			requests.map(({ attributes }) => String(attributes["url.full"]).at(-1)),
		).toEqual(["1", "2", "3"]);
		for (const span of run.spans) {
			expect(duration(span)).toBeGreaterThanOrEqual(0);
			const start = Number(span.start / 1_000_000n);
			expect(Math.abs(start - begin)).toBeLessThan(DAY_MS / 2);
		}
	});

	test("of a process that was stopped and went on", async ({ http }) => {
		const collector = await startCollector();
		const run = await runScenario(
			http,
			async ({ get, once }) => {
				const { spawn } = process.getBuiltinModule("node:child_process");
				await get("/");
				const waker = spawn("sh", ["-c", `sleep 1; kill -CONT ${process.pid}`]);
				await once(waker, "spawn");
				process.kill(process.pid, "SIGSTOP");
				await once(waker, "exit");
				await get("/", { agent: false });
			},
			{ environment: exportingTo(collector.origin) },
		);
		await collector.close();
		const { started, delivered, lost } = ledgerOf(run.stderr, collector.origin);
		expect([started, delivered, lost]).toEqual([
			...[run.spans.length, distinct(collector.taken), 0],
		]);
		expect(requestsOf(run.spans)).toHaveLength(2);
	});
});
