import { describe, expect } from "vitest";
import { checkContract } from "../support/contract.js";
import { startHttp2Server } from "../support/http2-server.js";
import type { Run } from "../support/run-program.js";
import { runScenario, test } from "../support/scenario.js";
import { requestsOf } from "../support/spans.js";
import { COPIES } from "../undici/clients.js";
import { GENERATIONS, withLibrary } from "./support.js";

/** What a connection has to say only if it was watched from its beginning. */
const UNCOUNTED =
	/(request_number|age_ms|idle_ms) is missing|: no link to the setup/;

/** What each request says of its connection: of one that was there before, neither number nor age. */
function told(run: Run): unknown[] {
	expect(run).toMatchObject({ exitCode: 0, stderr: "" });
	expect(
		checkContract(run.spans).filter((problem) => !UNCOUNTED.test(problem)),
	).toEqual([]);
	return requestsOf(run.spans).map(({ attributes }) => ({
		path: new URL(`${attributes["url.full"]}`).pathname,
		use: attributes["conntrace.connection.reused"]
			? "reused"
			: attributes["conntrace.connection.reason"],
		number: attributes["conntrace.connection.request_number"],
		aged: "conntrace.connection.age_ms" in attributes,
		idle: "conntrace.connection.idle_ms" in attributes,
	}));
}

const FOUND = { use: "reused", number: undefined, aged: false, idle: false };
const FOUND_AGAIN = { ...FOUND, idle: true };
const FRESH = { number: 1, aged: false, idle: false };

describe.concurrent.each(GENERATIONS)("enabled late on %s", (generation) => {
	const late = withLibrary(generation, { config: { enabled: false } });

	test("the library knows a connection of an agent again", async ({ http }) => {
		const run = await runScenario(
			http,
			async ({ client, get }) => {
				const agent = new client.Agent({ keepAlive: true });
				await get("/unseen", { agent });
				library.instrumentation.enable();
				await get("/found", { agent });
				await get("/again", { agent });
				agent.destroy();
			},
			late,
		);
		expect(http.connections).toHaveLength(1);
		expect(told(run)).toEqual([
			{ path: "/found", ...FOUND },
			{ path: "/again", ...FOUND_AGAIN },
		]);
	});

	test("it counts a connection that carries a request of which it knows nothing", async ({
		http,
	}) => {
		const run = await runScenario(
			http,
			async ({ client, get, request, once, read }) => {
				const agent = new client.Agent({ keepAlive: true });
				const unseen = request("/read/100", { agent, method: "POST" });
				unseen.write("body");
				const answer = read(unseen);
				await once(unseen, "socket");
				library.instrumentation.enable();
				await get("/beside", { agent });
				unseen.end();
				await answer;
				agent.destroy();
			},
			late,
		);
		expect(http.connections).toHaveLength(2);
		expect(told(run)).toEqual([
			{ path: "/beside", ...FRESH, use: "pool_busy" },
		]);
	});

	test("it claims no more than it has seen of a first connection", async ({
		http,
	}) => {
		const run = await runScenario(
			http,
			async ({ get }) => {
				await get("/unseen", { agent: false });
				library.instrumentation.enable();
				await get("/first", { agent: false });
			},
			late,
		);
		expect(told(run)).toEqual([
			{ path: "/first", ...FRESH, use: "first_connection" },
		]);
		expect(requestsOf(run.spans)[0]?.attributes).toMatchObject({
			"conntrace.connection.reason_detail":
				"no client had a connection to this host and port since conntrace was enabled",
		});
	});

	test.for(["fetch", ...COPIES])(
		"it knows a connection of %s again",
		async (client, { http }) => {
			const run = await runScenario(
				http,
				async ({ fetchAnswer }) => {
					await fetchAnswer("/unseen");
					library.instrumentation.enable();
					await fetchAnswer("/found");
					await fetchAnswer("/again");
				},
				{ ...late, values: client === "fetch" ? {} : { undici: client } },
			);
			expect(http.connections).toHaveLength(1);
			expect(told(run)).toEqual([
				{ path: "/found", ...FOUND },
				{ path: "/again", ...FOUND_AGAIN },
			]);
		},
	);

	test.for(COPIES)(
		"%s may be loaded before or after",
		async (copy, { http }) => {
			const run = await runScenario(
				http,
				async ({ load, origin, settle, values }) => {
					library.instrumentation.enable();
					const { fetch } = await load<typeof import("undici-7")>(values);
					for (const path of ["/first", "/second"]) {
						await (await fetch(origin + path)).text();
						await settle();
					}
				},
				{ ...late, values: copy },
			);
			expect(told(run)).toEqual([
				{ path: "/first", ...FRESH, use: "first_connection" },
				{ path: "/second", use: "reused", number: 2, aged: true, idle: true },
			]);
		},
	);

	test("it tells of no HTTP/2 session that was there before, and of the next one", async () => {
		const server = await startHttp2Server({});
		const run = await runScenario(
			server,
			async ({ http2, answered, origin }) => {
				const before = http2.connect(origin);
				await answered(before.request({ ":path": "/unseen" }));
				library.instrumentation.enable();
				await answered(before.request({ ":path": "/unseen" }));
				const after = http2.connect(origin);
				await answered(after.request({ ":path": "/first" }));
				before.close();
				after.close();
			},
			late,
		);
		await server.close();
		expect(told(run)).toEqual([
			{ path: "/first", ...FRESH, use: "first_connection" },
		]);
	});

	test("it tells of no request that was under way", async ({ http }) => {
		const run = await runScenario(
			http,
			async ({ client, get, request, once, read }) => {
				const agent = new client.Agent({ keepAlive: true, maxSockets: 1 });
				const unseen = request("/delay/50", { agent });
				const answer = read(unseen.end());
				const queued = request("/queued", { agent });
				const second = read(queued.end());
				await once(unseen, "socket");
				library.instrumentation.enable();
				await answer;
				await second;
				await get("/found", { agent });
				agent.destroy();
			},
			late,
		);
		expect(http.connections).toHaveLength(1);
		expect(told(run)).toEqual([
			{ path: "/queued", ...FOUND },
			{ path: "/found", ...FOUND_AGAIN },
		]);
	});
});
