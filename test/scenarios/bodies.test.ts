import { expect } from "vitest";
import { describeBoth, trace } from "../support/scenario.js";
import { startServer } from "../support/server.js";
import { duration, errorsOf, isReused, only } from "../support/spans.js";

describeBoth("response bodies", ({ test }) => {
	test("an unread response keeps its connection from others", async ({
		server,
	}) => {
		const run = await trace(server, async ({ client, request, get }) => {
			const agent = new client.Agent({ keepAlive: true });
			const unread = request("/big/300000", { agent });
			unread.end();
			await new Promise((resolve) => unread.on("response", resolve));
			await get("/other", { agent });
			await get("/other", { agent });
			agent.destroy();
		});
		expect(server.connections).toHaveLength(2);
		expect(run.requests.map(isReused)).toEqual([false, false, true]);
	});

	test("a response without a listener is read and thrown away", async ({
		server,
	}) => {
		const run = await trace(server, async ({ client, request, get, sleep }) => {
			const agent = new client.Agent({ keepAlive: true });
			request("/big/300000", { agent }).end();
			await sleep(150);
			await get("/after", { agent });
			agent.destroy();
		});
		expect(server.connections).toHaveLength(1);
		expect(run.requests.map(isReused)).toEqual([false, true]);
		expect(run.requests[0]?.attributes["http.response.status_code"]).toBe(200);
	});

	test("a destroyed response takes its connection along", async ({
		server,
	}) => {
		const run = await trace(server, async ({ client, request, get }) => {
			const agent = new client.Agent({ keepAlive: true });
			const sent = request("/slow-body/500", { agent });
			sent.end();
			await new Promise((resolve) => {
				sent.on("response", (response) => {
					response.on("close", resolve);
					response.on("error", () => {});
					response.once("data", () => response.destroy());
				});
			});
			await get("/after", { agent });
			agent.destroy();
		});
		expect(server.connections).toHaveLength(2);
		expect(run.requests.map(isReused)).toEqual([false, false]);
		expect(run.requests[0]?.error).toBe(true);
	});

	test("a response that is destroyed when it has all arrived", async ({
		server,
	}) => {
		const run = await trace(server, async ({ client, request, get, sleep }) => {
			const agent = new client.Agent({ keepAlive: true });
			const sent = request("/", { agent });
			sent.end();
			await new Promise((resolve) => {
				sent.on("response", (response) => {
					response.on("close", resolve);
					response.resume();
					response.on("end", () => response.destroy());
				});
			});
			await sleep(20);
			await get("/after", { agent });
			agent.destroy();
		});
		expect(run.requests).toHaveLength(2);
		expect(run.requests.map(({ error }) => error)).toEqual([false, false]);
	});

	test("the span ends with the body, not with the headers", async ({
		server,
	}) => {
		const run = await trace(server, async ({ get }) => {
			await get("/slow-body/80", { agent: false });
		});
		const span = only(run.requests);
		expect(duration(span)).toBeGreaterThan(
			Number(span.attributes["conntrace.ttfb_ms"]) + 75,
		);
	});
});

describeBoth("connections that leave HTTP", ({ test }) => {
	test("an upgrade", async ({ server }) => {
		const run = await trace(
			server,
			async ({ client, request, get, report, sleep }) => {
				const agent = new client.Agent({ keepAlive: true });
				await get("/before", { agent });
				const upgrade = request("/upgrade", {
					agent,
					headers: { connection: "upgrade", upgrade: "echo" },
				});
				upgrade.end();
				await new Promise<void>((resolve) => {
					upgrade.on("upgrade", (response, socket) => {
						report(response.statusCode);
						socket.write("hello");
						socket.once("data", (data: Buffer) => {
							report(data.toString());
							socket.destroy();
							resolve();
						});
					});
				});
				await sleep(20);
				await get("/after", { agent });
				agent.destroy();
			},
		);
		expect(run.reports).toEqual([101, "hello"]);
		expect(server.connections).toHaveLength(2);
		expect(run.requests.map(isReused)).toEqual([false, true, false]);
		expect(run.requests[1]?.attributes["http.response.status_code"]).toBe(101);
		expect(errorsOf(run.requests)).toEqual([undefined, undefined, undefined]);
	});

	test("an upgrade that nobody listens for", async ({ server }) => {
		const run = await trace(server, async ({ request, report }) => {
			const upgrade = request("/upgrade", {
				agent: false,
				headers: { connection: "upgrade", upgrade: "echo" },
			});
			upgrade.on("error", ({ code }: NodeJS.ErrnoException) => report(code));
			upgrade.end();
			await new Promise((resolve) => upgrade.on("close", resolve));
		});
		const span = only(run.requests);
		expect(span.attributes["conntrace.connection.reused"]).toBe(false);
		expect(span.attributes["error.type"]).toBe(run.reports[0]);
	});

	test("a tunnel", async ({ server }) => {
		const target = await startServer();
		const run = await trace(
			server,
			async ({ client, origin, values, report }) => {
				const connect = client.request(`${origin}/`, {
					method: "CONNECT",
					path: `localhost:${values}`,
					agent: false,
				});
				connect.end();
				await new Promise((resolve) => {
					connect.on("connect", (response, socket) => {
						report(response.statusCode);
						socket.on("close", resolve);
						socket.end();
					});
				});
			},
			{ values: target.port },
		);
		await target.close();
		expect(run.reports).toEqual([200]);
		const span = run.requests[0];
		expect(span?.name).toBe("CONNECT");
		expect(span?.attributes["http.response.status_code"]).toBe(200);
	});
});
