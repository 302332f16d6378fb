import type { Socket } from "node:net";
import { describe, expect } from "vitest";
import { checkContract } from "../support/contract.js";
import { compareWithServer } from "../support/ground-truth.js";
import { runScenario, test, trace } from "../support/scenario.js";
import { startSilentServer } from "../support/server.js";
import { named, only, requestsOf } from "../support/spans.js";

const UNFINISHED = "conntrace.unfinished";

describe.concurrent("the process ends before its spans do", () => {
	test("with a request that waits for its response", async ({ https }) => {
		const run = await trace(
			https,
			async ({ client, get, request, sleep, once }) => {
				const agent = new client.Agent({ keepAlive: true });
				await get("/", { agent });
				const waiting = request("/never", { agent });
				waiting.end();
				await once(waiting, "finish");
				await sleep(60);
				process.exit(0);
			},
		);
		const [finished, unfinished] = run.requests;
		expect(finished?.attributes).not.toHaveProperty(UNFINISHED);
		expect(unfinished?.attributes).toMatchObject({
			[UNFINISHED]: true,
			"conntrace.connection.reused": true,
			"conntrace.connection.request_number": 2,
		});
		expect(unfinished?.error).toBe(false);
		expect(
			Number((unfinished?.end ?? 0n) - (unfinished?.start ?? 0n)) / 1e6,
		).toBeGreaterThan(50);
	});

	test("with a response that is still arriving", async ({ http }) => {
		const run = await trace(http, async ({ request }) => {
			const sent = request("/slow-body/1000", { agent: false });
			sent.on("response", (response) => {
				response.once("data", () => process.exit(0));
			});
			sent.end();
		});
		expect(only(run.requests).attributes).toMatchObject({
			[UNFINISHED]: true,
			"http.response.status_code": 200,
		});
	});

	test("in the middle of a handshake", async () => {
		const silent = await startSilentServer();
		const run = await trace(silent, async ({ https, port, once }) => {
			const request = https.get({ host: "localhost", port, agent: false });
			const [socket] = await once(request, "socket");
			await once(socket as Socket, "connect");
			process.exit(0);
		});
		await silent.close();
		for (const name of ["GET", "connection.setup", "tls.handshake"])
			expect(only(named(run.spans, name)).attributes).toHaveProperty(
				UNFINISHED,
				true,
			);
		for (const name of ["dns.lookup", "tcp.connect"])
			expect(only(named(run.spans, name)).attributes).not.toHaveProperty(
				UNFINISHED,
			);
	});

	test("in the middle of a name resolution", async ({ http }) => {
		const run = await trace(http, ({ request }) => {
			request("/", { agent: false, lookup: () => process.exit(0) }).end();
		});
		expect(http.connections).toHaveLength(0);
		expect(only(named(run.spans, "dns.lookup")).attributes).toHaveProperty(
			UNFINISHED,
			true,
		);
	});

	test("in the middle of another resolution of the same name", async ({
		http,
	}) => {
		const { spans } = await runScenario(http, async ({ get, request }) => {
			await get("/", { agent: false });
			request("/", { agent: false }).end();
			process.exit(0);
		});
		const lookup = only(
			named(spans, "dns.lookup").filter((span) => span.attributes[UNFINISHED]),
		);
		// It has no answer that could be compared.
		expect(lookup.attributes).not.toHaveProperty("conntrace.dns.same_answer");
	});

	test("with a request that waits for a connection", async ({ http }) => {
		const run = await trace(http, async ({ client, request, once }) => {
			const agent = new client.Agent({ keepAlive: true, maxSockets: 1 });
			const holder = request("/never", { agent });
			holder.end();
			request("/waiting", { agent }).end();
			await once(holder, "finish");
			process.exit(0);
		});
		const waiting = run.requests[1];
		expect(waiting?.attributes).toHaveProperty(UNFINISHED, true);
		expect(waiting?.attributes).not.toHaveProperty("conntrace.connection.id");
		expect(named(run.spans, "connection.wait")).toHaveLength(1);
	});

	test("when nothing keeps it running", async ({ http }) => {
		const run = await trace(http, async ({ request }) => {
			const sent = request("/never", { agent: false });
			sent.on("socket", (socket) => socket.unref());
			sent.end();
			await new Promise((resolve) => sent.on("finish", resolve));
		});
		expect(only(run.requests).attributes).toHaveProperty(UNFINISHED, true);
	});

	for (const signal of ["SIGTERM", "SIGINT"] as const) {
		test(`by ${signal}`, async ({ http }) => {
			const run = await runScenario(
				http,
				async ({ get, request, report, once }) => {
					await get("/");
					const waiting = request("/never");
					waiting.end();
					await once(waiting, "finish");
					report("ready");
				},
				{ signalAfterFirstLine: signal },
			);
			expect(run.signal).toBe(signal);
			expect(checkContract(run.spans)).toEqual([]);
			expect(compareWithServer(run.spans, http)).toEqual([]);
			expect(requestsOf(run.spans)).toHaveLength(2);
		});
	}

	test("by an uncaught error", async ({ http }) => {
		const run = await runScenario(http, async ({ get, request, once }) => {
			await get("/");
			const waiting = request("/never");
			waiting.end();
			await once(waiting, "finish");
			throw new Error("the program's own");
		});
		expect(run.exitCode).toBe(1);
		expect(run.stderr).toContain("the program's own");
		expect(checkContract(run.spans)).toEqual([]);
		expect(compareWithServer(run.spans, http)).toEqual([]);
		expect(requestsOf(run.spans)).toHaveLength(2);
	});
});
