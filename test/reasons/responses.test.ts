import { expect } from "vitest";
import { describeBoth, trace } from "../support/scenario.js";
import { lastClaim, stage } from "./stages.js";

describeBoth("connections that their response ended", ({ test }) => {
	test("by what the server or the request said", async ({ server }) => {
		const run = await trace(server, async ({ client, get }) => {
			const stages: [string, string, object?][] = [
				["/close/0/server", "/x/0/server"],
				["/x/0/client", "/x/0/client", { headers: { connection: "close" } }],
				["/http10/0/old", "/x/0/old"],
				["/hint/1/hint", "/x/0/hint"],
			];
			for (const [first, second, options] of stages) {
				const agent = new client.Agent({ keepAlive: true });
				await get(first, { agent, ...options });
				await get(second, { agent });
				agent.destroy();
			}
		});
		expect(lastClaim(run, "server")).toMatchObject({
			reason: "server_connection_close",
			detail: "the server answered with Connection: close",
			contributing: [],
			previous: 0,
		});
		expect(lastClaim(run, "client")).toMatchObject({
			reason: "client_connection_close",
			detail: "the previous request asked for Connection: close",
			contributing: [],
			previous: 0,
		});
		expect(lastClaim(run, "old")).toMatchObject({
			reason: "server_connection_close",
			detail: "the server speaks HTTP/1.0 without keep-alive",
			contributing: [],
			previous: 0,
		});
		expect(lastClaim(run, "hint")).toMatchObject({
			reason: "server_hint_too_short",
			detail: expect.stringContaining("Keep-Alive: timeout=1"),
			contributing: [],
			previous: 0,
		});
	});

	test("a hint above the agent's own limit changes nothing, one below it sets the limit", async ({
		server,
	}) => {
		const run = await trace(server, async ({ client, get, sleep }) => {
			const patient = new client.Agent({ keepAlive: true, timeout: 4_000 });
			await get("/hint/60/longer", { agent: patient });
			await get("/x/0/longer", { agent: patient });
			patient.destroy();
			const warned = new client.Agent({ keepAlive: true, timeout: 60_000 });
			await get("/hint/2/shorter", { agent: warned });
			await sleep(1_500);
			await get("/x/0/shorter", { agent: warned });
			warned.destroy();
		});
		expect(stage(run, "longer")[1]).toBe("request 2");
		expect(lastClaim(run, "shorter")).toMatchObject({
			reason: "agent_idle_timeout",
			detail: expect.stringMatching(/the client closes after 1000 ms/),
			previous: 0,
		});
	});

	test("a response that ended by the end of the connection", async ({
		server,
	}) => {
		const run = await trace(server, async ({ client, get }) => {
			const agent = new client.Agent({ keepAlive: true });
			await get("/eof/0/eof", { agent });
			await get("/x/0/eof", { agent });
			agent.destroy();
		});
		expect(lastClaim(run, "eof")).toMatchObject({
			reason: "server_connection_close",
			previous: 0,
		});
	});

	test("a response that broke off", async ({ server }) => {
		const run = await trace(server, async ({ client, get }) => {
			const agent = new client.Agent({ keepAlive: true });
			await get("/half/20/half", { agent }).catch(() => {});
			await get("/x/0/half", { agent });
			agent.destroy();
		});
		expect(lastClaim(run, "half")).toMatchObject({
			reason: "socket_error",
			detail: expect.stringMatching(/ECONNRESET|ended before/),
			previous: 0,
		});
	});

	test("a response that cannot be read, or that is one too many", async ({
		server,
	}) => {
		const run = await trace(server, async ({ client, get }) => {
			for (const behaviour of ["garbled", "twice"]) {
				const agent = new client.Agent({ keepAlive: true });
				await get(`/${behaviour}/0/${behaviour}`, { agent }).catch(() => {});
				await get(`/x/0/${behaviour}`, { agent });
				agent.destroy();
			}
		});
		expect(lastClaim(run, "garbled")).toMatchObject({
			reason: "socket_error",
			detail: "the previous request failed with HPE_INVALID_CONSTANT",
			previous: 0,
		});
		expect(lastClaim(run, "twice")).toMatchObject({
			reason: "unexpected_data_idle",
			detail: expect.stringContaining("that no request asked for"),
			previous: 0,
		});
	});

	test("a switch of protocols that nobody listens for", async ({ server }) => {
		const run = await trace(server, async ({ client, get, once, request }) => {
			const agent = new client.Agent({ keepAlive: true });
			const headers = { connection: "upgrade", upgrade: "example" };
			const asked = request("/x/0/switched", { agent, headers });
			await once(asked.end(), "close");
			await get("/x/0/switched", { agent });
			agent.destroy();
		});
		expect(lastClaim(run, "switched")).toMatchObject({
			reason: "upgraded",
			detail: expect.stringContaining("nobody listened"),
			previous: 0,
		});
	});
});
