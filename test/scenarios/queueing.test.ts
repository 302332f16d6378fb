import { expect } from "vitest";
import { describeBoth, story, trace } from "../support/scenario.js";
import {
	childrenOf,
	isReused,
	named,
	only,
	setupOf,
} from "../support/spans.js";

describeBoth("a pool with a limit", ({ test }) => {
	test("maxSockets 1: each request waits for the one before it", async ({
		server,
	}) => {
		const run = await trace(server, async ({ client, get }) => {
			const agent = new client.Agent({ keepAlive: true, maxSockets: 1 });
			await Promise.all(
				["/1", "/2", "/3"].map((path) => get(`/delay/40${path}`, { agent })),
			);
			agent.destroy();
		});
		expect(server.connections).toHaveLength(1);
		expect(story(run)).toEqual(["first_connection", "request 2", "request 3"]);
		const [first, second, third] = run.requests;
		expect(first?.attributes).not.toHaveProperty(
			"conntrace.connection.wait_ms",
		);
		expect(second?.attributes["conntrace.connection.wait_ms"]).toBeGreaterThan(
			35,
		);
		expect(third?.attributes["conntrace.connection.wait_ms"]).toBeGreaterThan(
			75,
		);
		expect(second?.attributes).toMatchObject({
			"conntrace.pool.free": 0,
			"conntrace.pool.busy": 1,
			"conntrace.pool.queued": 0,
			"conntrace.pool.max": 1,
		});
		expect(third?.attributes["conntrace.pool.queued"]).toBe(1);
		expect(named(run.spans, "connection.wait")).toHaveLength(2);
	});

	test("maxSockets 2: two at a time", async ({ server }) => {
		const run = await trace(server, async ({ client, get }) => {
			const agent = new client.Agent({ keepAlive: true, maxSockets: 2 });
			await Promise.all(
				[1, 2, 3, 4, 5].map((call) => get(`/delay/30/${call}`, { agent })),
			);
			agent.destroy();
		});
		expect(server.connections).toHaveLength(2);
		expect(run.requests.map(isReused)).toEqual([
			...[false, false],
			...[true, true, true],
		]);
		expect(named(run.spans, "connection.wait")).toHaveLength(3);
	});

	test("the connection that a waiting request causes when the one before it is closed stands under the waiting request", async ({
		server,
	}) => {
		const run = await trace(server, async ({ client, get }) => {
			const agent = new client.Agent({ keepAlive: true, maxSockets: 1 });
			await Promise.all(
				["/1", "/2", "/3"].map((path) => get(`/close${path}`, { agent })),
			);
			agent.destroy();
		});
		expect(server.connections).toHaveLength(3);
		expect(run.requests.map(isReused)).toEqual([false, false, false]);
		for (const request of run.requests)
			expect(setupOf(run.spans, request).attributes).toMatchObject({
				"conntrace.connection.id":
					request.attributes["conntrace.connection.id"],
			});
		expect(named(run.spans, "connection.wait")).toHaveLength(2);
	});

	test("waiting requests take over a connection even where none is kept", async ({
		server,
	}) => {
		const run = await trace(server, async ({ client, get }) => {
			const agent = new client.Agent({ keepAlive: false, maxSockets: 1 });
			await Promise.all(
				["/1", "/2", "/3"].map((path) => get(`/delay/20${path}`, { agent })),
			);
		});
		expect(server.connections).toHaveLength(1);
		expect(story(run)).toEqual(["first_connection", "request 2", "request 3"]);
		expect(named(run.spans, "connection.wait")).toHaveLength(2);
	});

	test("a connection made for one request and taken by another", async ({
		server,
	}) => {
		const run = await trace(server, async ({ client, get, sleep }) => {
			const agent = new client.Agent({ keepAlive: true, maxSockets: 2 });
			await Promise.all([
				get("/delay/20/a", { agent }),
				get("/close/b", { agent }),
				get("/c", { agent }),
				get("/d", { agent }),
			]);
			await sleep(20);
			agent.destroy();
		});
		expect(run.requests).toHaveLength(4);
	});

	test("a limit for all hosts together", async ({ server }) => {
		const run = await trace(server, async ({ client, get }) => {
			const agent = new client.Agent({ keepAlive: true, maxTotalSockets: 1 });
			await Promise.all([get("/delay/30", { agent }), get("/", { agent })]);
			agent.destroy();
		});
		expect(story(run)).toEqual(["first_connection", "request 2"]);
		expect(named(run.spans, "connection.wait")).toHaveLength(1);
	});

	test("a request that is aborted while it waits never had a connection", async ({
		server,
	}) => {
		const run = await trace(server, async ({ client, get, request, sleep }) => {
			const agent = new client.Agent({ keepAlive: true, maxSockets: 1 });
			const holder = get("/delay/60/holder", { agent });
			const waiting = request("/waiting", { agent });
			waiting.on("error", () => {});
			waiting.end();
			await sleep(20);
			waiting.destroy();
			await holder;
			await get("/after", { agent });
			agent.destroy();
		});
		expect(server.requests.map(({ path }) => path)).toEqual([
			"/delay/60/holder",
			"/after",
		]);
		const [, aborted, after] = run.requests;
		expect(aborted?.error).toBe(true);
		expect(aborted?.attributes).not.toHaveProperty("conntrace.connection.id");
		expect(aborted?.attributes).not.toHaveProperty(
			"conntrace.connection.wait_ms",
		);
		expect(after && isReused(after)).toBe(true);
		if (aborted)
			expect(childrenOf(run.spans, aborted, "connection.wait")).toHaveLength(1);
	});

	test("a request that waits for a response nobody reads", async ({
		server,
	}) => {
		const run = await trace(server, async ({ client, get, request, sleep }) => {
			const agent = new client.Agent({ keepAlive: true, maxSockets: 1 });
			const unread = request("/big/200000", { agent });
			unread.end();
			unread.on("response", async (response) => {
				await sleep(60);
				response.resume();
			});
			await get("/waiting", { agent });
			agent.destroy();
		});
		expect(story(run)).toEqual(["first_connection", "request 2"]);
		const wait = only(named(run.spans, "connection.wait"));
		expect(Number(wait.end - wait.start) / 1e6).toBeGreaterThan(50);
	});
});
