import { expect, inject } from "vitest";
import {
	describeBoth,
	judge,
	runScenario,
	trace,
} from "../support/scenario.js";
import { startServer } from "../support/server.js";
import { lastClaim, stage } from "./stages.js";

describeBoth("connections put to another use", ({ test, secure }) => {
	test("an upgrade takes its connection out of the pool", async ({
		server,
	}) => {
		const run = await trace(server, async ({ client, get, request, once }) => {
			const agent = new client.Agent({ keepAlive: true });
			await get("/x/0/upgrade", { agent });
			const sent = request("/x/0/upgrade", {
				agent,
				headers: { connection: "upgrade", upgrade: "echo" },
			}).end();
			const [, socket] = (await once(sent, "upgrade")) as [
				unknown,
				import("node:net").Socket,
			];
			await get("/x/0/upgrade", { agent });
			await get("/x/0/upgrade", { agent });
			socket.destroy();
			agent.destroy();
		});
		expect(stage(run, "upgrade")).toEqual([
			expect.objectContaining({ reason: "first_connection" }),
			"request 2",
			expect.objectContaining({
				reason: "upgraded",
				detail: expect.stringContaining("Upgrade"),
				contributing: [],
				previous: 0,
				pool: [0, 0, 0, undefined],
			}),
			"request 2",
		]);
	});

	test("Expect: 100-continue", async ({ server }) => {
		const run = await trace(server, async ({ client, get, request, read }) => {
			const agent = new client.Agent({ keepAlive: true });
			await get("/x/0/expect", { agent });
			const sent = request("/read/0/expect", {
				agent,
				method: "POST",
				headers: { expect: "100-continue", "content-length": 2 },
			});
			sent.on("continue", () => sent.end("ok"));
			sent.flushHeaders();
			await read(sent);
			// As AWS SDK v3 does for S3.
			const own = request("/read/0/own", {
				agent: new client.Agent({ keepAlive: false, maxSockets: Infinity }),
				method: "POST",
				headers: { expect: "100-continue", "content-length": 2 },
			});
			own.on("continue", () => own.end("ok"));
			own.flushHeaders();
			await read(own);
			agent.destroy();
		});
		expect(stage(run, "expect")[1]).toBe("request 2");
		expect(lastClaim(run, "own")).toMatchObject({
			reason: "no_pool",
			detail:
				"the request with Expect: 100-continue was given an agent of its own",
		});
	});

	test("a plain proxy, asked by the whole URL", async ({ server: _ }) => {
		const proxy = await startServer(
			secure ? { certificate: inject("certificate") } : {},
		);
		const run = await runScenario(proxy, async ({ client, port, read }) => {
			const agent = new client.Agent({ keepAlive: true });
			for (const name of ["one", "two"])
				await read(
					client
						.request({
							host: "localhost",
							port,
							agent,
							path: `http://${name}.test/proxied`,
							headers: { host: `${name}.test` },
							servername: "localhost",
						})
						.end(),
				);
			agent.destroy();
		});
		await proxy.close();
		const traced = judge(run, []);
		expect(stage(traced, "proxied")).toEqual([
			expect.objectContaining({ reason: "first_connection" }),
			"request 2",
		]);
	});
});
