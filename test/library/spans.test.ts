import { expect } from "vitest";
import {
	describeBoth,
	runScenario,
	story,
	trace,
} from "../support/scenario.js";
import { named, only, requestsOf } from "../support/spans.js";
import { GENERATIONS, withLibrary } from "./support.js";

/** A span of the program, which comes from elsewhere and is not exported here. */
const PARENT = {
	traceId: "0af7651916cd43dd8448eb211c80319c",
	spanId: "b7ad6b7169203331",
	traceFlags: 1,
};

for (const generation of GENERATIONS) {
	describeBoth(`the library on ${generation}`, ({ test, secure }) => {
		test("tells of fresh and reused connections by the program's provider", async ({
			server,
		}) => {
			const run = await trace(
				server,
				async ({ client, get, settle, fetchAnswer }) => {
					const agent = new client.Agent({ keepAlive: true });
					await get("/x", { agent });
					await settle();
					await get("/x", { agent });
					agent.destroy();
					await settle();
					await fetchAnswer("/x");
				},
				withLibrary(generation),
			);
			expect(story(run)).toEqual([
				"first_connection",
				"request 2",
				"agent_destroyed",
			]);
			expect(named(run.spans, "tls.handshake")).toHaveLength(secure ? 2 : 0);
		});

		test("puts requests and connections under the active span", async ({
			server,
		}) => {
			const run = await trace(
				server,
				async ({ get, net, once, port, values }) => {
					const { context, trace } = opentelemetry;
					const active = trace.setSpanContext(context.active(), values);
					await context.with(active, async () => {
						await get("/x", { agent: false });
						const socket = net.connect(port, "localhost");
						await once(socket, "connect");
						socket.destroy();
					});
				},
				{
					...withLibrary(generation),
					values: PARENT,
					foreignParents: new Set([PARENT.spanId]),
				},
			);
			expect(only(run.requests)).toMatchObject({
				traceId: PARENT.traceId,
				parentSpanId: PARENT.spanId,
			});
			expect(
				named(run.spans, "connection.setup").map((span) => span.parentSpanId),
			).toEqual([only(run.requests).spanId, PARENT.spanId]);
		});

		test("leaves out what the program suppresses", async ({ server }) => {
			const run = await runScenario(
				server,
				async ({ get, fetchAnswer }) => {
					const { context, createContextKey } = opentelemetry;
					// What suppressTracing of @opentelemetry/core does.
					const key = createContextKey(
						"OpenTelemetry SDK Context Key SUPPRESS_TRACING",
					);
					await context.with(context.active().setValue(key, true), async () => {
						await get("/x", { agent: false });
						await fetchAnswer("/x");
					});
				},
				withLibrary(generation),
			);
			expect(run).toMatchObject({ exitCode: 0, stderr: "", spans: [] });
			expect(server.connections).toHaveLength(2);
		});

		test("takes its options, and says which it cannot read", async ({
			server,
		}) => {
			const run = await runScenario(
				server,
				async ({ client, get, fetchAnswer }) => {
					const agent = new client.Agent({ keepAlive: true });
					await get("/x", { agent });
					await get("/x", { agent });
					agent.destroy();
					library.instrumentation.setConfig({ ignoreHosts: ["local*"] });
					await fetchAnswer("/x");
				},
				withLibrary(generation, { config: { reusedRatio: 0, slowMs: -1 } }),
			);
			expect(run.stderr).toBe(
				"conntrace: slowMs=-1: expected milliseconds, a number from 0; using none\n",
			);
			expect(story({ requests: named(run.spans, "GET") })).toEqual([
				"first_connection",
			]);
		});

		test("gives the user's hooks each request and response", async ({
			server,
		}) => {
			const run = await runScenario(
				server,
				async ({ get }) => {
					library.instrumentation.setConfig({
						requestHook: (span, { method, url, host, port, header }) => {
							span.setAttribute("my.tenant", header("X-Tenant") ?? "none");
							span.setAttribute(
								"my.route",
								`${method} ${new URL(url).pathname}`,
							);
							span.setAttribute("my.server", `${host}:${port}`);
						},
						responseHook: (span, { statusCode, header }) => {
							span.setAttribute("my.type", header("x-missing") ?? "none");
							throw new Error(`on purpose, at ${statusCode}`);
						},
					});
					await get("/x", { agent: false, headers: { "X-Tenant": "ada" } });
					await get("/x", { agent: false });
				},
				withLibrary(generation),
			);
			expect(run.exitCode).toBe(0);
			expect(run.stderr).toBe(
				"conntrace: responseHook failed, and may do so again unsaid: Error: on purpose, at 200\n",
			);
			const common = {
				"my.route": "GET /x",
				"my.server": `localhost:${server.port}`,
				"my.type": "none",
				"conntrace.connection.reused": false,
			};
			expect(requestsOf(run.spans).map(({ attributes }) => attributes)).toEqual(
				[
					expect.objectContaining({ ...common, "my.tenant": "ada" }),
					expect.objectContaining({ ...common, "my.tenant": "none" }),
				],
			);
		});
	});
}
