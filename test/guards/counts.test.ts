import { statSync } from "node:fs";
import { describe, expect } from "vitest";
import { REGISTER } from "../support/run-program.js";
import { runScenario, type Scenario, test } from "../support/scenario.js";
import { refusingPort } from "../support/server.js";
import { requestsOf } from "../support/spans.js";

/** What the agent may cost, counted: nothing here depends on how fast the machine is. */
const MAX_BYTES = 250_000;

/** Bytes of the old generation for each reused request, with some of the warm-up of any program in them. */
const MAX_GROWTH = 1000;

/** Bytes of the heap for each reused request, which takes 18,000 to 23,000 without the agent, by the version of Node. */
const MAX_ALLOCATED = 8000;
const MAX_ALLOCATED_WITHOUT_SPANS = 5000;

/** A young generation that nothing has to be collected from. */
const WITHOUT_COLLECTION = [
	"--min-semi-space-size=256",
	"--max-semi-space-size=256",
];

const REQUESTS = 20;

/** Runs the same with and without the agent, and gives what the program reported. */
async function compare(
	server: Parameters<typeof runScenario>[0],
	scenario: Scenario,
) {
	const run = async (preload: "none" | "require") => {
		const { reports, exitCode, stderr, spans } = await runScenario(
			server,
			scenario,
			{ preload },
		);
		expect([exitCode, stderr]).toEqual([0, ""]);
		return { report: reports[0] as Record<string, number>, spans };
	};
	return { alone: await run("none"), traced: await run("require") };
}

describe.concurrent("the agent's cost in counts", () => {
	test("bytes of its file", () => {
		expect(statSync(REGISTER).size).toBeLessThanOrEqual(MAX_BYTES);
	});

	test("spans of a reused request: one, without a part", async ({ https }) => {
		const { traced } = await compare(https, async ({ get, report }) => {
			for (let call = 1; call <= 20; call++) await get("/");
			report({});
		});
		expect(requestsOf(traced.spans)).toHaveLength(REQUESTS);
		expect(traced.spans).toHaveLength(REQUESTS + 4);
	});

	test("listeners and asynchronous resources of a reused request: none", async ({
		https,
	}) => {
		const { alone, traced } = await compare(
			https,
			async ({ get, request, report, once }) => {
				const { createHook } = process.getBuiltinModule("node:async_hooks");
				const { EventEmitter } = process.getBuiltinModule("node:events");
				await get("/");
				await get("/");
				const counts: Record<string, number> = {};
				const count = (what: string): void => {
					counts[what] = (counts[what] ?? 0) + 1;
				};
				const { on } = EventEmitter.prototype;
				EventEmitter.prototype.on = function (...args) {
					count("listener");
					return on.apply(this, args);
				};
				const hook = createHook({ init: (_, type) => count(type) }).enable();
				for (let call = 1; call <= 20; call++) {
					const sent = request("/");
					sent.end();
					const [response] = await once(sent, "response");
					(response as NodeJS.ReadableStream).resume();
					await once(response as NodeJS.ReadableStream, "end");
					await new Promise(setImmediate);
				}
				hook.disable();
				EventEmitter.prototype.on = on;
				report(counts);
			},
		);
		expect(traced.report.listener).toBe(alone.report.listener);
		for (const type of ["PROMISE", "TickObject", "Immediate"])
			expect([type, traced.report[type]]).toEqual([type, alone.report[type]]);
		// One for the file, one that watches for freezes: for all requests together.
		const timers = (report: Record<string, number>) => report.Timeout ?? 0;
		expect(timers(traced.report) - timers(alone.report)).toBeLessThanOrEqual(2);
	});

	test("bytes that a reused request allocates", async ({ http }) => {
		const allocated = async (
			preload: "none" | "require",
			environment: Record<string, string> = {},
		) => {
			const { reports, exitCode, stderr } = await runScenario(
				http,
				async ({ get, report }) => {
					const { PerformanceObserver } =
						process.getBuiltinModule("node:perf_hooks");
					const { getHeapStatistics } = process.getBuiltinModule("node:v8");
					const requests = async (count: number) => {
						for (let call = 1; call <= count; call++) await get("/");
					};
					await requests(500);
					let collections = 0;
					new PerformanceObserver((list) => {
						collections += list.getEntries().length;
					}).observe({ entryTypes: ["gc"] });
					const before = getHeapStatistics().used_heap_size;
					await requests(1000);
					const bytes = (getHeapStatistics().used_heap_size - before) / 1000;
					await new Promise(setImmediate);
					report({ bytes, collections });
				},
				{ preload, environment, nodeOptions: WITHOUT_COLLECTION },
			);
			expect([exitCode, stderr]).toEqual([0, ""]);
			const [{ bytes, collections }] = reports as [Record<string, number>];
			expect(collections).toBe(0);
			return bytes as number;
		};
		const alone = await allocated("none");
		const toCollector = await allocated("require", {
			CONNTRACE_FILE: "",
			OTEL_TRACES_EXPORTER: "otlp",
			// Nothing is there: the spans wait.
			OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await refusingPort()}`,
			OTEL_LOG_LEVEL: "none",
			CONNTRACE_FLUSH_TIMEOUT: "0",
		});
		const nowhere = await allocated("require", { CONNTRACE_FILE: "" });
		expect(toCollector - alone).toBeLessThanOrEqual(MAX_ALLOCATED);
		expect(nowhere - alone).toBeLessThanOrEqual(MAX_ALLOCATED_WITHOUT_SPANS);
		// Three programs, on a machine that may be busy.
	}, 120_000);

	test("memory that outlives the young generation: nothing of a reused request", async ({
		http,
	}) => {
		const { alone, traced } = await compare(http, async ({ get, report }) => {
			const { getHeapSpaceStatistics, setFlagsFromString } =
				process.getBuiltinModule("node:v8");
			const { runInNewContext } = process.getBuiltinModule("node:vm");
			setFlagsFromString("--expose-gc");
			const collect: NodeJS.GCFunction = runInNewContext("gc");
			const old = () =>
				getHeapSpaceStatistics().find(
					({ space_name }) => space_name === "old_space",
				)?.space_used_size ?? Number.NaN;
			const many = async (requests: number) => {
				let left = requests;
				const worker = async () => {
					while (left-- > 0) await get("/");
				};
				await Promise.all(Array.from({ length: 10 }, worker));
			};
			await many(1000);
			// What is there now has grown old: whatever it comes to refer to would grow old with it.
			for (let round = 0; round < 3; round++) collect({ type: "minor" });
			const before = old();
			await many(3000);
			report({ grown: (old() - before) / 3000 });
		});
		expect(
			(traced.report.grown ?? Number.NaN) - (alone.report.grown ?? Number.NaN),
		).toBeLessThanOrEqual(MAX_GROWTH);
	});

	test("messages to channels that nobody has subscribed to: none", async ({
		https,
	}) => {
		const { reports } = await runScenario(
			https,
			async ({ diagnostics, get, report }) => {
				const published: string[] = [];
				const { publish } = diagnostics.Channel.prototype;
				diagnostics.Channel.prototype.publish = function (message) {
					published.push(String(this.name));
					publish.call(this, message);
				};
				for (let call = 1; call <= 3; call++) await get("/");
				diagnostics.Channel.prototype.publish = publish;
				report(published.filter((name) => name.startsWith("conntrace:")));
			},
		);
		expect(reports).toEqual([[]]);
	});

	test("modules loaded at the start: parts of Node that http itself loads, and few more", async ({
		http,
	}) => {
		const { alone, traced } = await compare(http, ({ report }) => {
			const { moduleLoadList } = process as unknown as {
				moduleLoadList: string[];
			};
			report(
				Object.fromEntries(
					moduleLoadList
						.filter((name) => name.startsWith("NativeModule "))
						.map((name) => [name.slice("NativeModule ".length), 1]),
				),
			);
		});
		const added = Object.keys(traced.report).filter(
			(name) => !(name in alone.report),
		);
		expect(added.length).toBeLessThanOrEqual(MAX_MODULES);
		for (const name of added.filter((name) => !name.startsWith("internal/")))
			expect(MODULES_ADDED).toContain(name);
	});

	test("of a disabled agent: no module at all", async ({ http }) => {
		const loaded: Scenario = ({ report }) =>
			report(
				(process as unknown as { moduleLoadList: string[] }).moduleLoadList,
			);
		const alone = await runScenario(http, loaded, { preload: "none" });
		const disabled = await runScenario(http, loaded, {
			environment: { OTEL_SDK_DISABLED: "true" },
		});
		expect(disabled.reports).toEqual(alone.reports);
	});
});

/** Beyond what the scenario's own program loads: parts of Node with all that belongs to them, and by name. */
const MAX_MODULES = 40;
const MODULES_ADDED = ["module", "os", "perf_hooks", "worker_threads"];
