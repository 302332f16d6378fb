import { expect } from "vitest";
import { describeBoth, runScenario, trace } from "../support/scenario.js";
import { refusingPort } from "../support/server.js";
import { requestsOf } from "../support/spans.js";
import { lastClaim, stage } from "./stages.js";

describeBoth("connections that the program gave up", ({ test }) => {
	test("requests and responses destroyed or out of time", async ({
		server,
	}) => {
		const run = await trace(
			server,
			async ({ client, get, request, read, once, sleep }) => {
				const inPool = async (
					name: string,
					giveUp: (agent: InstanceType<typeof client.Agent>) => unknown,
				) => {
					const agent = new client.Agent({ keepAlive: true });
					await get(`/x/0/${name}`, { agent });
					await giveUp(agent);
					await get(`/x/0/${name}`, { agent });
					agent.destroy();
				};
				await inPool("aborted", async (agent) => {
					const sent = request("/never/0/aborted", { agent }).end();
					setTimeout(() => sent.destroy(), 60);
					await read(sent).catch(() => {});
				});
				await inPool("timeout", async (agent) => {
					const sent = request("/never/0/timeout", { agent }).end();
					sent.setTimeout(60, () => sent.destroy());
					await read(sent).catch(() => {});
				});
				await inPool("destroyed", async (agent) => {
					const sent = request("/big/1000000/destroyed", { agent }).end();
					const [response] = (await once(sent, "response")) as [
						import("node:http").IncomingMessage,
					];
					response.on("error", () => {});
					response.once("data", () => response.destroy());
					await once(response, "close");
				});
				await inPool("signal", async (agent) => {
					await get("/never/0/signal", {
						agent,
						signal: AbortSignal.timeout(60),
					}).catch(() => {});
				});
				await inPool("agent", (agent) => agent.destroy());
				await sleep(1);
			},
		);
		expect(lastClaim(run, "aborted")).toMatchObject({
			reason: "request_aborted",
			contributing: [],
			previous: 0,
		});
		expect(lastClaim(run, "signal")).toMatchObject({
			reason: "request_aborted",
			contributing: [],
			previous: 0,
		});
		expect(lastClaim(run, "timeout")).toMatchObject({
			reason: "socket_timeout",
			contributing: [],
			previous: 0,
		});
		expect(lastClaim(run, "destroyed")).toMatchObject({
			reason: "response_destroyed",
			contributing: [],
			previous: 0,
		});
		expect(lastClaim(run, "agent")).toMatchObject({
			reason: "agent_destroyed",
			contributing: [],
			previous: 0,
		});
	});

	test("a connection that the server reset while a request was under way", async ({
		server,
	}) => {
		const run = await trace(server, async ({ client, get }) => {
			for (const [name, breakOff] of [
				["stale", "/drop-rst/0/stale"],
				["dropped", "/drop/0/dropped"],
			] as const) {
				const agent = new client.Agent({ keepAlive: true });
				await get(`/x/0/${name}`, { agent });
				await get(breakOff, { agent }).catch(() => {});
				await get(`/x/0/${name}`, { agent });
				agent.destroy();
			}
			const agent = new client.Agent({ keepAlive: true });
			await get("/drop/0/new", { agent }).catch(() => {});
			await get("/x/0/new", { agent });
			agent.destroy();
		});
		for (const name of ["stale", "dropped"]) {
			expect(stage(run, name)[1]).toBe("request 2");
			expect(lastClaim(run, name)).toMatchObject({
				reason: "stale_reset",
				detail: expect.stringContaining("ECONNRESET"),
				previous: 0,
			});
		}
		expect(lastClaim(run, "new")).toMatchObject({
			reason: "socket_error",
			detail: expect.stringContaining("ECONNRESET"),
			previous: 0,
		});
	});

	test("a request that was aborted before it had its connection", async ({
		server,
	}) => {
		const run = await trace(server, async ({ client, get, request, once }) => {
			const agent = new client.Agent({ keepAlive: true });
			const sent = request("/x/0/early", { agent });
			sent.on("error", () => {});
			sent.on("socket", () => sent.destroy());
			await once(sent, "close");
			await get("/x/0/early", { agent });
			agent.destroy();
		});
		expect(lastClaim(run, "early")).toMatchObject({
			reason: "request_aborted",
			previous: 0,
		});
	});

	test("attempts to connect that failed", async ({ server }) => {
		const run = await trace(server, async ({ client, get }) => {
			const agent = new client.Agent({ keepAlive: true });
			await get("/x/0/lookup", {
				agent,
				lookup: (_name, _options, callback) =>
					callback(Object.assign(new Error("no"), { code: "ENOTFOUND" }), []),
			}).catch(() => {});
			await get("/x/0/lookup", { agent });
			agent.destroy();
		});
		expect(lastClaim(run, "lookup")).toMatchObject({
			reason: "connect_failed",
			detail: expect.stringContaining("ENOTFOUND"),
			previous: 0,
		});
	});

	test("a server that refuses, again and again", async ({ server: _ }) => {
		const { spans, stderr } = await runScenario(
			{ port: await refusingPort() },
			async ({ http, port }) => {
				const agent = new http.Agent({ keepAlive: true });
				for (let call = 1; call <= 2; call++)
					await new Promise((resolve) =>
						http
							.get({ port, host: "127.0.0.1", path: "/refused", agent })
							.on("error", resolve),
					);
			},
		);
		expect(stderr).toBe("");
		expect(stage({ requests: requestsOf(spans) }, "refused")).toEqual([
			expect.objectContaining({ reason: "first_connection" }),
			expect.objectContaining({
				reason: "connect_failed",
				detail: expect.stringContaining("ECONNREFUSED"),
				previous: 0,
			}),
		]);
	});
});
