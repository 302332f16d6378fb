import type { Socket } from "node:net";
import { expect } from "vitest";
import { describeBoth, story, test, trace } from "../support/scenario.js";
import { startServer } from "../support/server.js";
import { only } from "../support/spans.js";

/** Closes the connection of `/drop/<milliseconds>` so long after it has read the request. */
function startDroppingServer() {
	return startServer({
		handler: ({ url = "", socket }, response) => {
			const after = /^\/drop\/(\d+)/.exec(url)?.[1];
			if (after === undefined) response.end("ok");
			else setTimeout(() => socket.end(), Number(after));
		},
	});
}

test("a server that ends the connection late may have had the request", async () => {
	const server = await startDroppingServer();
	const run = await trace(server, async ({ http, get, fetchAnswer }) => {
		const agent = new http.Agent({ keepAlive: true });
		await get("/", { agent });
		await get("/drop/1000", { agent }).catch(() => {});
		await get("/", { agent });
		await get("/drop/0", { agent }).catch(() => {});
		await get("/", { agent });
		agent.destroy();
		await fetchAnswer("/");
		await fetchAnswer("/drop/1000").catch(() => {});
		await fetchAnswer("/");
	});
	await server.close();
	expect(story(run)).toEqual([
		...["first_connection", "request 2", "socket_error"],
		...["request 2", "stale_reset"],
		...[expect.any(String), "request 2", "socket_error"],
	]);
	expect(
		run.requests[2]?.attributes["conntrace.connection.reason_detail"],
	).toMatch(
		/^the connection ended \d+ ms after the previous request was written, without an answer \(ECONNRESET\)$/,
	);
});

test("a request sent again before its connection has closed finds that one ended", async () => {
	const server = await startDroppingServer();
	const run = await trace(server, async ({ http, get, request, once }) => {
		const agent = new http.Agent({ keepAlive: true });
		await get("/", { agent });
		const dropped = request("/drop/0", { agent });
		const again = new Promise((resolve) => {
			dropped.once("error", () => resolve(get("/", { agent })));
		});
		dropped.end();
		await once(dropped, "close");
		await again;
		agent.destroy();
	});
	await server.close();
	expect(story(run)).toEqual(["first_connection", "request 2", "stale_reset"]);
});

test("a request fails when it does, and not when its connection is closed", async ({
	http: server,
}) => {
	const run = await trace(server, async ({ request, once, report }) => {
		const aborted = request("/delay/1000", { agent: false });
		aborted.on("error", () => {
			report(performance.timeOrigin + performance.now() + 50);
			const until = performance.now() + 100;
			while (performance.now() < until);
		});
		aborted.end();
		await once(aborted, "finish");
		aborted.destroy(new Error());
		await once(aborted, "close");
	});
	const [aborted] = run.requests;
	expect(aborted?.error).toBe(true);
	expect(Number(aborted?.end) / 1e6).toBeLessThan(Number(run.reports[0]));
});

describeBoth("a connection that was there before its request", ({ test }) => {
	test("is no part of what that took", async ({ server }) => {
		const run = await trace(
			server,
			async ({ client, net, tls, port, origin, once, get, sleep }) => {
				const connect = async (): Promise<Socket> => {
					const options = { port, host: "localhost", servername: "localhost" };
					const secure = origin.startsWith("https");
					const socket = secure ? tls.connect(options) : net.connect(options);
					await once(socket, secure ? "secureConnect" : "connect");
					await sleep(300);
					return socket;
				};
				const ready = await connect();
				await get("/by-hand", { createConnection: () => ready });
				const kept = await connect();
				const agent = Object.assign(new client.Agent({ keepAlive: true }), {
					createConnection: () => kept,
				});
				await get("/by-agent", { agent });
				agent.destroy();
			},
		);
		expect(run.requests).toHaveLength(2);
		for (const request of run.requests) {
			expect(request.attributes).toMatchObject({
				"conntrace.connection.reused": false,
				"conntrace.connection.reason": expect.any(String),
			});
			expect(request.attributes).not.toHaveProperty(
				"conntrace.connection.setup_ms",
			);
			const [link] = request.links;
			const setup = only(
				run.spans.filter(({ spanId }) => spanId === link?.spanId),
			);
			expect(setup.parentSpanId).toBeUndefined();
			expect(request.start >= setup.end).toBe(true);
		}
	});
});
