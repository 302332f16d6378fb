import { expect } from "vitest";
import { describeBoth, trace } from "../support/scenario.js";
import { named } from "../support/spans.js";
import { lastClaim, stage } from "./stages.js";

describeBoth("limits of a pool", ({ test }) => {
	test("connections that a limit evicted", async ({ server }) => {
		const run = await trace(server, async ({ client, get }) => {
			const agent = new client.Agent({ keepAlive: true, maxFreeSockets: 1 });
			for (let round = 1; round <= 2; round++)
				await Promise.all([
					get("/delay/40/free", { agent }),
					get("/delay/80/free", { agent }),
				]);
			agent.destroy();
		});
		const claims = stage(run, "free");
		expect(claims.slice(0, 2)).toMatchObject([
			{ reason: "first_connection" },
			{ reason: "pool_busy" },
		]);
		expect(claims[2]).toBe("request 2");
		expect(claims[3]).toMatchObject({
			reason: "pool_busy",
			contributing: ["max_free_sockets"],
		});
	});

	test("the limit of idle connections is the reason where nothing is nearer", async ({
		server,
	}) => {
		const run = await trace(server, async ({ client, get }) => {
			const agent = new client.Agent({ keepAlive: true });
			agent.maxFreeSockets = 0;
			await get("/x/0/none", { agent });
			await get("/x/0/none", { agent });
			agent.destroy();
		});
		expect(lastClaim(run, "none")).toMatchObject({
			reason: "max_free_sockets",
			detail: expect.stringContaining("maxFreeSockets is 0"),
			previous: 0,
			pool: [0, 0, 0, undefined],
		});
	});

	test("who waited for a connection that ended takes its end as the reason", async ({
		server,
	}) => {
		const run = await trace(server, async ({ client, get }) => {
			const agent = new client.Agent({ keepAlive: true, maxSockets: 1 });
			await Promise.all([
				get("/close/0/queue", { agent }),
				get("/drop/0/queue", { agent }).catch(() => {}),
				get("/x/0/queue", { agent }),
				get("/x/0/queue", { agent }),
			]);
			agent.destroy();
		});
		expect(stage(run, "queue")).toEqual([
			expect.objectContaining({ reason: "first_connection" }),
			expect.objectContaining({
				reason: "server_connection_close",
				previous: 0,
			}),
			expect.objectContaining({ reason: "socket_error", previous: 1 }),
			"request 2",
		]);
		expect(named(run.spans, "connection.wait")).toHaveLength(3);
	});

	test("connections that a lowered limit evicted", async ({ server }) => {
		const run = await trace(server, async ({ client, get, sleep }) => {
			for (const limit of ["maxSockets", "maxTotalSockets"] as const) {
				const agent = new client.Agent({ keepAlive: true });
				const first = get(`/delay/100/${limit}`, { agent });
				const second = get(`/delay/1000/${limit}`, { agent });
				await sleep(50);
				Object.assign(agent, { [limit]: 1 });
				await first;
				await sleep(20);
				Object.assign(agent, { [limit]: 10 });
				await get(`/x/0/${limit}`, { agent });
				await second;
				agent.destroy();
			}
		});
		expect(lastClaim(run, "maxSockets")).toMatchObject({
			reason: "pool_busy",
			contributing: ["max_sockets"],
			pool: [0, 1, 0, 10],
		});
		expect(lastClaim(run, "maxTotalSockets")).toMatchObject({
			reason: "pool_busy",
			contributing: ["max_total_sockets"],
			pool: [0, 1, 0, undefined],
		});
	});
});
