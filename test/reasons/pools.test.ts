import { expect } from "vitest";
import { describeBoth, trace } from "../support/scenario.js";
import { lastClaim, stage, testedNode } from "./stages.js";

describeBoth("pools that could not serve", ({ test, secure }) => {
	test("requests that go past every pool", async ({ server }) => {
		const run = await trace(
			server,
			async ({ client, net, tls, port, origin, get }) => {
				await get("/x/0/warm", { agent: false });
				await get("/x/0/without", { agent: false });
				await get("/x/0/own", {
					createConnection: () =>
						origin.startsWith("https")
							? tls.connect({
									port,
									host: "localhost",
									servername: "localhost",
								})
							: net.connect({ port, host: "localhost" }),
				});
				const agent = new client.Agent({ keepAlive: false });
				await get("/x/0/closing", { agent });
				await get("/x/0/closing", { agent });
			},
		);
		expect(lastClaim(run, "without")).toMatchObject({
			reason: "no_pool",
			detail: expect.stringContaining("agent: false"),
			previous: undefined,
		});
		expect(lastClaim(run, "own")).toMatchObject({
			reason: "no_pool",
			detail: expect.stringContaining("createConnection"),
			previous: undefined,
		});
		expect(lastClaim(run, "closing")).toMatchObject({
			reason: "keep_alive_disabled",
			contributing: [],
		});
	});

	test("idle connections that other agents or other options held", async ({
		server,
	}) => {
		const run = await trace(server, async ({ client, get }) => {
			const agents = [1, 2, 3].map(() => new client.Agent({ keepAlive: true }));
			for (const agent of agents) await get("/x/0/agents", { agent });
			for (const agent of agents) agent.destroy();
			const agent = new client.Agent({ keepAlive: true });
			await get("/x/0/family", { agent });
			await get("/x/0/family", { agent, family: 4 });
			await get("/x/0/family", { agent });
			await get("/x/0/family", { agent, family: 4 });
			await get("/x/0/address", { agent, localAddress: "127.0.0.1" });
			agent.destroy();
			const other = new client.Agent({ keepAlive: true });
			await get("/x/0/host", { agent: other });
			await get("/x/0/host", { agent: other, hostname: "LOCALHOST" });
			other.destroy();
		});
		const [first, ...later] = stage(run, "agents");
		expect(first).toMatchObject({ reason: "first_connection" });
		expect(later).toHaveLength(2);
		for (const claim of later)
			expect(claim).toMatchObject({
				reason: "different_agent",
				detail: expect.stringMatching(/idle for \d+ ms in another agent/),
				pool: [0, 0, 0, undefined],
			});
		expect(stage(run, "family").slice(1)).toEqual([
			expect.objectContaining({
				reason: "pool_key_mismatch",
				detail: expect.stringMatching(/under another .*family/),
				contributing: [],
			}),
			"request 2",
			"request 2",
		]);
		expect(lastClaim(run, "address")).toMatchObject({
			reason: "pool_key_mismatch",
			detail: expect.stringContaining("localAddress"),
		});
		expect(lastClaim(run, "host")).toMatchObject({
			reason: "pool_key_mismatch",
			detail: expect.stringContaining("spelling of the host"),
		});
	});

	test("connections that carried a request", async ({ server }) => {
		const run = await trace(server, async ({ client, get, request, once }) => {
			const agent = new client.Agent({ keepAlive: true });
			await Promise.all([
				get("/delay/50/busy", { agent }),
				get("/delay/50/busy", { agent }),
				get("/delay/50/busy", { agent }),
			]);
			agent.destroy();
			const held = new client.Agent({ keepAlive: true, maxSockets: 10 });
			const sent = request("/big/1000000/unread", { agent: held }).end();
			const [response] = (await once(sent, "response")) as [
				import("node:http").IncomingMessage,
			];
			await get("/delay/60/other", { agent: held });
			const second = get("/delay/60/unread", { agent: held });
			await get("/delay/0/mixed", { agent: held });
			await second;
			response.resume();
			await once(response, "end");
			held.destroy();
		});
		const [, second, third] = stage(run, "busy");
		expect(second).toMatchObject({
			reason: "pool_busy",
			detail: "1 connection of the pool busy",
			contributing: [],
			pool: [0, 1, 0, undefined],
		});
		expect(third).toMatchObject({
			reason: "pool_busy",
			detail: "2 connections of the pool busy",
			pool: [0, 2, 0, undefined],
		});
		expect(stage(run, "unread")[1]).toBe("request 2");
		expect(lastClaim(run, "mixed")).toMatchObject({
			reason: "pool_busy",
			detail: expect.stringContaining(
				"2 connections of the pool busy, 1 of them held by responses that nobody reads",
			),
			pool: [0, 2, 0, 10],
		});
	});

	test("responses that nobody reads", async ({ server }) => {
		const run = await trace(
			server,
			async ({ client, get, request, once, sleep }) => {
				const agent = new client.Agent({ keepAlive: true });
				const responses = [];
				for (let call = 1; call <= 2; call++) {
					const sent = request("/big/1000000/held", { agent }).end();
					const [response] = (await once(sent, "response")) as [
						import("node:http").IncomingMessage,
					];
					responses.push(response);
					await sleep(60);
				}
				await get("/x/0/held", { agent });
				for (const response of responses) response.resume();
				agent.destroy();
			},
		);
		expect(stage(run, "held").slice(1)).toEqual([
			expect.objectContaining({
				reason: "body_unconsumed",
				detail: expect.stringMatching(/^1 connection held .* for \d+ ms$/),
				pool: [0, 1, 0, undefined],
			}),
			expect.objectContaining({
				reason: "body_unconsumed",
				detail: expect.stringMatching(/^2 connections held .* for \d+ ms$/),
				pool: [0, 2, 0, undefined],
			}),
		]);
	});

	if (secure) {
		test("TLS options", async ({ server }) => {
			const run = await trace(server, async ({ client, get }) => {
				const agent = new client.Agent({ keepAlive: true });
				await get("/x/0/options", { agent });
				await get("/x/0/options", { agent, ...{ minVersion: "TLSv1.3" } });
				await get("/x/0/options", { agent, ...{ ciphers: "DEFAULT" } });
				agent.destroy();
				const other = new client.Agent({ keepAlive: true });
				for (let call = 1; call <= 3; call++)
					await get("/x/0/check", {
						agent: other,
						checkServerIdentity: () => undefined,
					});
				other.destroy();
			});
			expect(stage(run, "options").slice(1)).toEqual([
				expect.objectContaining({
					reason: "pool_key_mismatch",
					detail: expect.stringContaining("minVersion"),
				}),
				expect.objectContaining({
					reason: "pool_key_mismatch",
					detail: expect.stringMatching(/ciphers/),
				}),
			]);
			const [, ...checks] = stage(run, "check");
			if (testedNode >= 22)
				for (const claim of checks)
					expect(claim).toMatchObject({
						reason: "per_request_tls",
						detail: expect.stringContaining("checkServerIdentity"),
					});
			else expect(checks).toEqual(["request 2", "request 3"]);
		});
	}
});
