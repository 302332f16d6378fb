import { readFileSync } from "node:fs";
import { describe, expect } from "vitest";
import { REGISTER, type Run } from "../support/run-program.js";
import { runScenario, story, test } from "../support/scenario.js";
import { requestsOf } from "../support/spans.js";
import { GENERATIONS, withLibrary } from "./support.js";

const { version } = JSON.parse(readFileSync("package.json", "utf8"));

/** A first request that was cut short, and one on its connection, which nobody has watched in between. */
function expectUnfinishedThenFound(run: Run): void {
	expect(run).toMatchObject({ exitCode: 0, stderr: "" });
	expect(
		requestsOf(run.spans).map(({ attributes }) => [
			attributes["conntrace.unfinished"],
			attributes["conntrace.connection.reused"],
			attributes["conntrace.connection.request_number"],
		]),
	).toEqual([
		[true, false, 1],
		[undefined, true, undefined],
	]);
}

describe.concurrent.each(GENERATIONS)("the library on %s", (generation) => {
	test("sees nothing while it is disabled, and is honest about what it missed", async ({
		http,
	}) => {
		const run = await runScenario(
			http,
			async ({ client, get }) => {
				const { instrumentation } = library;
				const agent = new client.Agent({ keepAlive: true });
				await get("/seen", { agent });
				instrumentation.disable();
				await get("/unseen", { agent });
				instrumentation.enable();
				await get("/found", { agent });
				await get("/again", { agent });
				agent.destroy();
			},
			withLibrary(generation),
		);
		expect(run).toMatchObject({ exitCode: 0, stderr: "" });
		expect(http.connections).toHaveLength(1);
		const requests = requestsOf(run.spans);
		expect(
			requests.map(({ attributes }) => [
				attributes["conntrace.connection.reused"],
				attributes["conntrace.connection.reason"],
				attributes["conntrace.connection.request_number"],
				"conntrace.connection.age_ms" in attributes,
				"conntrace.connection.idle_ms" in attributes,
				attributes["network.peer.port"],
			]),
		).toEqual([
			[false, "first_connection", 1, false, false, http.port],
			[true, undefined, undefined, false, false, http.port],
			[true, undefined, undefined, false, true, http.port],
		]);
	});

	test("knows a connection again that undici had before", async ({ http }) => {
		const run = await runScenario(
			http,
			async ({ fetchAnswer, settle }) => {
				library.instrumentation.disable();
				await fetchAnswer("/unseen");
				await settle();
				library.instrumentation.enable();
				await fetchAnswer("/found");
				await settle();
			},
			withLibrary(generation),
		);
		expect(run).toMatchObject({ exitCode: 0, stderr: "" });
		expect(story({ requests: requestsOf(run.spans) })).toEqual([
			"request undefined",
		]);
	});

	test("tells of what is under way when it is disabled as unfinished", async ({
		http,
	}) => {
		const run = await runScenario(
			http,
			async ({ request, once, read }) => {
				const pending = request("/x", { agent: false });
				const answer = read(pending.end());
				await once(pending, "socket");
				library.instrumentation.disable();
				await answer;
			},
			withLibrary(generation),
		);
		expect(run).toMatchObject({ exitCode: 0, stderr: "" });
		expect(
			requestsOf(run.spans).map(
				({ attributes }) => attributes["conntrace.unfinished"],
			),
		).toEqual([true]);
	});

	test("knows nothing of what was under way when it is enabled again, and goes on with its connection", async ({
		http,
	}) => {
		const run = await runScenario(
			http,
			async ({ client, get, request, once, read }) => {
				const { instrumentation } = library;
				const agent = new client.Agent({ keepAlive: true });
				const pending = request("/delay/50", { agent });
				const answer = read(pending.end());
				await once(pending, "socket");
				instrumentation.disable();
				instrumentation.disable();
				instrumentation.enable();
				instrumentation.enable();
				await answer;
				await get("/found", { agent });
				agent.destroy();
			},
			withLibrary(generation),
		);
		expectUnfinishedThenFound(run);
	});

	test("does the same with fetch", async ({ http }) => {
		const run = await runScenario(
			http,
			async ({ fetchAnswer, diagnostics }) => {
				const { instrumentation } = library;
				const sent = new Promise((resolve) =>
					diagnostics.subscribe("undici:client:sendHeaders", resolve),
				);
				const answer = fetchAnswer("/delay/50");
				await sent;
				instrumentation.disable();
				instrumentation.enable();
				await answer;
				await fetchAnswer("/found");
			},
			withLibrary(generation),
		);
		expectUnfinishedThenFound(run);
	});

	test("is enabled by who registers it, and disabled", async ({ http }) => {
		const run = await runScenario(
			http,
			async ({ get }) => {
				const { instrumentation, require: load } = library;
				const { registerInstrumentations } = load(
					"@opentelemetry/instrumentation",
				);
				await get("/unseen", { agent: false });
				const unload = registerInstrumentations({
					instrumentations: [instrumentation],
				});
				await get("/seen", { agent: false });
				unload();
				await get("/unseen", { agent: false });
			},
			withLibrary(generation, { config: { enabled: false } }),
		);
		expect(run).toMatchObject({ exitCode: 0, stderr: "" });
		expect(story({ requests: requestsOf(run.spans) })).toEqual([
			"first_connection",
		]);
	});

	test("takes other options in the middle of a request", async ({ http }) => {
		const run = await runScenario(
			http,
			async ({ request, once, read, get }) => {
				const { instrumentation } = library;
				instrumentation.setConfig({
					requestHook: (span) => span.setAttribute("hook", "first"),
				});
				const pending = request("/x", { agent: false });
				const answer = read(pending.end());
				await once(pending, "socket");
				instrumentation.setConfig({
					requestHook: (span) => span.setAttribute("hook", "second"),
				});
				await answer;
				instrumentation.setConfig({});
				await get("/x", { agent: false });
			},
			withLibrary(generation),
		);
		expect(run).toMatchObject({ exitCode: 0, stderr: "" });
		expect(
			requestsOf(run.spans).map(({ attributes }) => attributes.hook),
		).toEqual(["second", undefined]);
	});

	test("goes on with another provider", async ({ http }) => {
		const run = await runScenario(
			http,
			async ({ request, once, read, report }) => {
				const { trace } = opentelemetry;
				const pending = request("/x", { agent: false });
				const answer = read(pending.end());
				await once(pending, "socket");
				const started: string[] = [];
				const provider = {
					getTracer: (name: string) => ({
						...trace.getTracer(name),
						startSpan(span: string) {
							started.push(`${name}: ${span}`);
							return trace.wrapSpanContext({
								traceId: "",
								spanId: "",
								traceFlags: 0,
							});
						},
					}),
				};
				library.instrumentation.setTracerProvider(
					provider as unknown as Parameters<
						typeof library.instrumentation.setTracerProvider
					>[0],
				);
				await answer;
				report(started);
			},
			withLibrary(generation),
		);
		expect(run.reports).toEqual([
			["conntrace: GET", "conntrace: connection.setup"],
		]);
		expect(run.spans).toEqual([]);
	});

	test("records by another provider of meters", async ({ http }) => {
		const run = await runScenario(
			http,
			async ({ get, report }) => {
				const { metrics } = opentelemetry;
				const { instrumentation } = library;
				const recorded = new Set<string>();
				const meterNamed = (name: string) => {
					const record = (metric: string) => () =>
						recorded.add(`${name} ${metric}`);
					return Object.assign(Object.create(metrics.getMeter(name)), {
						createHistogram: (metric: string) => ({ record: record(metric) }),
						createCounter: (metric: string) => ({ add: record(metric) }),
					});
				};
				for (const provider of ["one", "other"]) {
					instrumentation.setMeterProvider({
						getMeter: (name: string) => meterNamed(`${provider} ${name}`),
					});
					await get("/x", { agent: false });
				}
				report([...recorded]);
			},
			withLibrary(generation),
		);
		expect(run).toMatchObject({ exitCode: 0, stderr: "" });
		expect(run.reports).toEqual([
			["one", "other"].flatMap((provider) =>
				[
					"dns.lookup.duration",
					"conntrace.connections.fresh",
					"http.client.connection.duration",
				].map((metric) => `${provider} conntrace ${metric}`),
			),
		]);
	});

	test("a second instance leaves everything to the first, until that is disabled", async ({
		http,
	}) => {
		const run = await runScenario(
			http,
			async ({ get }) => {
				const { ConnectionInstrumentation, instrumentation } = library;
				const second = new ConnectionInstrumentation();
				await get("/x", { agent: false });
				instrumentation.disable();
				second.enable();
				await get("/x", { agent: false });
			},
			withLibrary(generation),
		);
		expect(run.stderr).toBe(
			`conntrace: a ConnectionInstrumentation of conntrace ${version} traces this thread, so this one does not\n`,
		);
		expect(story({ requests: requestsOf(run.spans) })).toEqual([
			"first_connection",
			"first_connection",
		]);
	});

	test("is one for import and require, and a second copy of it leaves everything to the first", async ({
		http,
	}) => {
		const run = await runScenario(
			http,
			async ({ get, load, report }) => {
				const { require: find, ConnectionInstrumentation } = library;
				const path = find.resolve("./conntrace.js");
				const imported = await load<typeof library>(path);
				report(
					imported.ConnectionInstrumentation === ConnectionInstrumentation,
				);
				delete find.cache[path];
				const second: typeof library = find(path);
				report(second.ConnectionInstrumentation === ConnectionInstrumentation);
				new second.ConnectionInstrumentation();
				await get("/x", { agent: false });
			},
			withLibrary(generation),
		);
		expect(run.reports).toEqual([true, false]);
		expect(run.stderr).toBe(
			`conntrace: a ConnectionInstrumentation of conntrace ${version} traces this thread, so this one does not\n`,
		);
		expect(requestsOf(run.spans)).toHaveLength(1);
	});

	test("is left everything to by an agent that is preloaded after it", async ({
		http,
	}) => {
		const { register = "", environment } = withLibrary(generation);
		const run = await runScenario(
			http,
			async ({ get }) => {
				await get("/x", { agent: false });
			},
			{ nodeOptions: ["-r", register], environment },
		);
		expect(run.stderr).toBe(
			`conntrace: a ConnectionInstrumentation of conntrace ${version} traces this thread, so this one does not\n`,
		);
		expect(requestsOf(run.spans)).toHaveLength(1);
	});

	test("leaves everything to the preloaded agent", async ({ http }) => {
		const run = await runScenario(
			http,
			async ({ get }) => {
				await get("/x", { agent: false });
			},
			{ ...withLibrary(generation), nodeOptions: ["-r", REGISTER] },
		);
		expect(run.exitCode).toBe(0);
		expect(run.stderr).toBe(
			`conntrace: the preloaded agent of conntrace ${version} traces this thread, so this one does not\n`,
		);
		expect(requestsOf(run.spans)).toHaveLength(1);
	});
});
