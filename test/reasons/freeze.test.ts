import { expect } from "vitest";
import { describeBoth, trace } from "../support/scenario.js";
import { stage } from "./stages.js";

const FROZEN = "conntrace.frozen_ms";

/** The process is stopped for 1.8 s; the server has closed the idle connection in its first half second. */
describeBoth("a process that did not run for a while", ({ test }) => {
	test("reuses the dead connection if a timer is first, and connects anew", async ({
		server,
	}) => {
		const run = await trace(
			server,
			async ({ client, get, once, report, sleep }) => {
				const agent = new client.Agent({ keepAlive: true });
				await get("/x/0/dead", { agent });
				await get("/fin/500/dead", { agent });
				const { spawn } = process.getBuiltinModule("node:child_process");
				const waker = spawn("sh", [
					"-c",
					`sleep 1.8; kill -CONT ${process.pid}`,
				]);
				await once(waker, "spawn");
				const due = sleep(200);
				process.kill(process.pid, "SIGSTOP");
				await due;
				await get("/x/0/dead", { agent }).catch(({ code }) => report(code));
				await get("/x/0/dead", { agent });
				agent.destroy();
			},
		);
		const [, , dead, anew] = run.requests;
		expect(["ECONNRESET", "EPIPE"]).toContain(run.reports[0]);
		expect(dead?.attributes).toMatchObject({
			"conntrace.connection.reused": true,
			"conntrace.connection.request_number": 3,
			"error.type": run.reports[0],
		});
		expect(dead?.attributes["conntrace.connection.idle_ms"]).toBeGreaterThan(
			1500,
		);
		expect(dead?.attributes[FROZEN]).toBeGreaterThan(500);
		expect(anew?.attributes).not.toHaveProperty(FROZEN);
		expect(stage(run, "dead").at(-1)).toMatchObject({
			reason: "stale_reset",
			previous: 0,
		});
	});

	test("connects anew without a word if it hears of the end first", async ({
		server,
	}) => {
		const run = await trace(server, async ({ client, get, once, sleep }) => {
			const agent = new client.Agent({ keepAlive: true });
			await get("/fin/500/silent", { agent });
			const { spawn } = process.getBuiltinModule("node:child_process");
			const waker = spawn("sh", ["-c", `sleep 1.8; kill -CONT ${process.pid}`]);
			const awake = once(waker, "exit");
			await once(waker, "spawn");
			process.kill(process.pid, "SIGSTOP");
			await awake;
			await sleep(20);
			await get("/x/0/silent", { agent });
			await get("/x/0/silent", { agent });
			agent.destroy();
		});
		const [, silent, reused] = run.requests;
		expect(silent?.error).toBe(false);
		expect(silent?.attributes[FROZEN]).toBeGreaterThan(500);
		expect(reused?.attributes).not.toHaveProperty(FROZEN);
		expect(stage(run, "silent")).toEqual([
			expect.objectContaining({ reason: "first_connection" }),
			expect.objectContaining({ reason: "peer_closed_idle", previous: 0 }),
			"request 2",
		]);
	});
});
