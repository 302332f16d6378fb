import { expect } from "vitest";
import { describeBoth, trace } from "../support/scenario.js";
import {
	CLOSED_IDLE,
	guardsIdleConnections,
	lastClaim,
	NO_POOL_LEFT,
	RESET_IDLE,
	stage,
} from "./stages.js";

describeBoth("connections that ended while idle", ({ test }) => {
	test("each ending is told from the others", async ({ server }) => {
		const run = await trace(server, async ({ client, get, sleep }) => {
			const pairs: [string, string, object?][] = [
				["/fin/10/fin", "/x/0/fin"],
				["/rst/10/rst", "/x/0/rst"],
				["/stray/10/stray", "/x/0/stray"],
				["/x/0/limit", "/x/0/limit", { timeout: 60 }],
			];
			for (const [first, second, options] of pairs) {
				const agent = new client.Agent({ keepAlive: true, ...options });
				await get(first, { agent });
				await sleep(200);
				await get(second, { agent });
				agent.destroy();
			}
		});
		expect(lastClaim(run, "fin")).toEqual(CLOSED_IDLE);
		expect(lastClaim(run, "rst")).toEqual(RESET_IDLE);
		expect(lastClaim(run, "limit")).toEqual({
			reason: "agent_idle_timeout",
			detail: expect.stringMatching(
				/^idle \d+ ms, the client closes after 60 ms$/,
			),
			contributing: [],
			previous: 0,
			pool: NO_POOL_LEFT,
		});
		// Node 20 takes what the server sent for the answer to the next request.
		expect(stage(run, "stray")[1]).toEqual(
			guardsIdleConnections
				? {
						reason: "unexpected_data_idle",
						detail: expect.stringMatching(/^idle \d+ ms, the server sent data/),
						contributing: [],
						previous: 0,
						pool: NO_POOL_LEFT,
					}
				: "request 2",
		);
	});

	test("a connection that ended idle after several requests", async ({
		server,
	}) => {
		const run = await trace(server, async ({ client, get, sleep }) => {
			const agent = new client.Agent({ keepAlive: true });
			await get("/x/0/used", { agent });
			await get("/x/0/used", { agent });
			await get("/fin/10/used", { agent });
			await sleep(150);
			await get("/x/0/used", { agent });
			agent.destroy();
		});
		expect(stage(run, "used")).toEqual([
			expect.objectContaining({ reason: "first_connection" }),
			"request 2",
			"request 3",
			expect.objectContaining({ reason: "peer_closed_idle", previous: 0 }),
		]);
	});

	test("an idle connection that the program itself destroys", async ({
		server,
	}) => {
		const run = await trace(server, async ({ client, get }) => {
			const agent = new client.Agent({ keepAlive: true });
			await get("/x/0/own", { agent });
			const idle = Object.values(agent.freeSockets).flat();
			for (const socket of idle) socket?.destroy();
			await get("/x/0/own", { agent });
			agent.destroy();
		});
		expect(lastClaim(run, "own")).toMatchObject({
			reason: "unknown",
			detail: expect.stringMatching(/^idle \d+ ms, destroyed by /),
			previous: 0,
		});
	});
});
