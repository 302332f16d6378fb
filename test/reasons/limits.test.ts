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
			const agent = new client.Agent({ keepAlive: true, maxSockets: 2 });
			const both = [
				get("/delay/40/max", { agent }),
				get("/delay/40/max", { agent }),
			];
			await sleep(10);
			agent.maxSockets = 1;
			await Promise.all(both);
			await get("/x/0/max", { agent });
			await Promise.all([get("/x/0/max", { agent })]);
			agent.destroy();
		});
		expect(stage(run, "max").slice(2)).toEqual([
			expect.stringMatching(/^request \d/),
			expect.stringMatching(/^request \d/),
		]);
	});
});
