import { resolve } from "node:path";
import { describe, expect } from "vitest";
import type { ConnectionFacts } from "../../src/facts/facts.js";
import { runEveryClient } from "../support/every-client.js";
import {
	connectionFactsOf,
	expectSameInFactsAndSpans,
	requestFactsOf,
	SUBSCRIBED,
	UNTRACED,
} from "../support/facts.js";
import { REGISTER } from "../support/run-program.js";
import {
	describeBoth,
	judge,
	runScenario,
	type Scenario,
	test,
} from "../support/scenario.js";
import type { ServerRecord } from "../support/server.js";

/** Fresh, reused, replaced, queued, failed and refused. */
const everything: Scenario = async ({
	client,
	get,
	request,
	read,
	once,
	fetchAnswer,
	sleep,
}) => {
	const agent = new client.Agent({ keepAlive: true, maxSockets: 1 });
	await get("/?token=abc", { agent });
	await Promise.all(["/a", "/b", "/c"].map((path) => get(path, { agent })));
	await get("/fin/10", { agent });
	await sleep(100);
	await get("/status/404", { agent });
	await read(request("/half/1", { agent }).end()).catch(() => undefined);
	await get("/close", { agent });
	await get("/", { agent });
	agent.destroy();
	await get("/", { agent: false });
	for (let call = 1; call <= 3; call++) await fetchAnswer("/");
	await once(client.get({ host: "127.0.0.1", port: 1 }), "error");
};

/** What a server counted: for each of its connections the paths in order. */
function counted({ connections }: Pick<ServerRecord, "connections">) {
	return connections
		.filter(({ requests }) => requests.length > 0)
		.map(({ remotePort, requests }) => [
			remotePort,
			requests.map(({ path }) => path.replace(/=.*/, "=REDACTED")),
		]);
}

/** The same by the facts. */
function told(
	run: Parameters<typeof requestFactsOf>[0],
	{ port }: Pick<ServerRecord, "port">,
) {
	const paths = new Map<number | undefined, string[]>();
	for (const { localPort, serverPort, requestNumber, url } of requestFactsOf(
		run,
	).toSorted((a, b) => (a.requestNumber ?? 0) - (b.requestNumber ?? 0))) {
		if (serverPort !== port) continue;
		const list = paths.get(localPort) ?? [];
		paths.set(localPort, [
			...list,
			new URL(url).pathname + new URL(url).search,
		]);
		expect(list).toHaveLength((requestNumber ?? 0) - 1);
	}
	return [...paths];
}

describeBoth("facts on the channels", ({ test }) => {
	test.for([
		["the preload", REGISTER],
		["the library", resolve("test/library/otel-2/register.cjs")],
	])("are those of the spans, by %s", async ([, register], { server }) => {
		const run = await runScenario(server, everything, {
			...SUBSCRIBED,
			register,
		});
		judge(run, [server]);
		expectSameInFactsAndSpans(run);
		expect(told(run, server)).toEqual(counted(server));
	});
});

describe.concurrent("facts on the channels", () => {
	test("are told where nothing is traced", async ({ https }) => {
		const run = await runScenario(https, everything, {
			...SUBSCRIBED,
			environment: UNTRACED,
		});
		expect([run.exitCode, run.stderr, run.spans]).toEqual([0, "", []]);
		expect(told(run, https)).toEqual(counted(https));
		expect(requestFactsOf(run).map(({ reason }) => reason)).toEqual([
			"first_connection",
			...[undefined, undefined, undefined, undefined],
			"peer_closed_idle",
			undefined,
			"socket_error",
			"server_connection_close",
			"no_pool",
			"keep_alive_disabled",
			...[undefined, undefined],
			"first_connection",
		]);
	});

	test("of two SDKs, fetch, HTTP/2 and bare sockets side by side", async () => {
		const { run, servers } = await runEveryClient(SUBSCRIBED);
		judge(run, servers);
		expectSameInFactsAndSpans(run);
		expect(requestFactsOf(run)).toHaveLength(48);
	});

	test("tell the life of a connection", async ({ https }) => {
		const run = await runScenario(
			https,
			async ({ client, get, sleep }) => {
				const agent = new client.Agent({ keepAlive: true });
				await get("/", { agent });
				await get("/fin/100", { agent });
				await sleep(300);
				await get("/close", { agent });
			},
			SUBSCRIBED,
		);
		const [first, second] = https.connections;
		const events = connectionFactsOf(run);
		expect(events.map(briefly)).toEqual([
			["opened", first?.remotePort, "first_connection"],
			["closed", first?.remotePort, "peer_closed_idle", 2],
			["opened", second?.remotePort, "peer_closed_idle"],
			["closed", second?.remotePort, "server_connection_close", 1],
		]);
		expect(events[1]).toMatchObject({
			closeDetail: expect.stringMatching(/^idle \d+ ms, closed by the server/),
			idleMs: expect.any(Number),
			phases: [
				{ name: "dns.lookup" },
				{ name: "tcp.connect" },
				{ name: "tls.handshake" },
			],
		});
		expect(events[2]).toMatchObject({
			previousId: events[0]?.connectionId,
			advice: expect.stringContaining("keepAliveTimeout"),
		});
		expect(events[2]).not.toHaveProperty("closeReason");
	});

	test("advise on what stands behind a reason that cannot be changed", async ({
		https,
	}) => {
		const run = await runScenario(
			https,
			async ({ client, get, sleep }) => {
				const agent = new client.Agent({ keepAlive: true });
				for (let burst = 0; burst < 2; burst++) {
					await Promise.all([1, 2].map(() => get("/fin/100", { agent })));
					await sleep(300);
				}
			},
			SUBSCRIBED,
		);
		const told = requestFactsOf(run).map(({ reason, advice }) => ({
			reason,
			advice,
		}));
		const onServer = expect.stringContaining("keepAliveTimeout");
		expect(told).toEqual([
			{ reason: "first_connection" },
			{ reason: "pool_busy" },
			{ reason: "peer_closed_idle", advice: onServer },
			{ reason: "pool_busy", advice: onServer },
		]);
	});

	test("of connections that fail, and of TLS that comes later", async ({
		https,
	}) => {
		const run = await runScenario(
			https,
			async ({ net, tls, once, port }) => {
				await once(net.connect(1, "127.0.0.1"), "error");
				await once(net.connect(1, "127.0.0.1"), "error");
				const socket = net.connect(port, "localhost");
				await once(socket, "connect");
				const secure = tls.connect({ socket, servername: "localhost" });
				await once(secure, "secureConnect");
				secure.destroy();
				await once(secure, "close");
			},
			SUBSCRIBED,
		);
		expectSameInFactsAndSpans(run);
		const events = connectionFactsOf(run);
		expect(events.map(({ event, phases }) => [event, phases.length])).toEqual([
			["failed", 1],
			["failed", 1],
			["opened", 2],
			["secured", 3],
			["closed", 3],
		]);
		expect(events[1]).toMatchObject({
			error: "ECONNREFUSED",
			failuresInRow: 2,
		});
	});
});

function briefly(facts: ConnectionFacts): unknown[] {
	const { event, localPort, reason } = facts;
	return facts.event === "closed"
		? [event, localPort, facts.closeReason, facts.requests]
		: [event, localPort, reason];
}
