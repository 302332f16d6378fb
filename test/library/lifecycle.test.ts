import { describe, expect } from "vitest";
import { REGISTER } from "../support/run-program.js";
import { runScenario, story, test } from "../support/scenario.js";
import { requestsOf } from "../support/spans.js";
import { GENERATIONS, withLibrary } from "./support.js";

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

	test("goes on with another provider", async ({ http }) => {
		const run = await runScenario(
			http,
			async ({ get, report }) => {
				const { trace } = opentelemetry;
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
				await get("/x", { agent: false });
				report(started);
			},
			withLibrary(generation),
		);
		expect(run.reports).toEqual([
			["conntrace: GET", "conntrace: connection.setup"],
		]);
		expect(run.spans).toEqual([]);
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
			"conntrace: another ConnectionInstrumentation traces this thread, so this one does not\n",
		);
		expect(story({ requests: requestsOf(run.spans) })).toEqual([
			"first_connection",
			"first_connection",
		]);
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
			"conntrace: the preloaded agent traces this thread, so this one does not\n",
		);
		expect(requestsOf(run.spans)).toHaveLength(1);
	});
});
