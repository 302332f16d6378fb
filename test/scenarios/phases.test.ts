import { describe, expect, inject } from "vitest";
import { AUTHORITY_SUBJECT, SERVER_SUBJECT } from "../support/certificates.js";
import { judge, runScenario, test, trace } from "../support/scenario.js";
import { startServer } from "../support/server.js";
import {
	childrenOf,
	duration,
	errorsOf,
	isReused,
	named,
	only,
	phasesOf,
	setupOf,
} from "../support/spans.js";

describe.concurrent("name resolution", () => {
	test("an IP address is not looked up", async () => {
		const server = await startServer({ host: "127.0.0.1" });
		const run = await trace(server, async ({ http, port }) => {
			const request = http.get({ host: "127.0.0.1", port, agent: false });
			await new Promise((resolve) =>
				request.on("response", (response) =>
					response.resume().on("end", resolve),
				),
			);
		});
		await server.close();
		const setup = setupOf(run.spans, run.requests[0]);
		expect(phasesOf(run.spans, setup)).toEqual(["tcp.connect"]);
		expect(run.requests[0]?.attributes).not.toHaveProperty(
			"conntrace.dns.lookup_ms",
		);
	});

	test("by a function of the program takes its time", async ({ https }) => {
		const run = await trace(https, async ({ get, dns, sleep }) => {
			await get("/", {
				agent: false,
				lookup: async (name, options, callback) => {
					await sleep(60);
					dns.lookup(name, options as object, callback as never);
				},
			});
		});
		const setup = setupOf(run.spans, run.requests[0]);
		expect(phasesOf(run.spans, setup)).toEqual([
			"dns.lookup",
			"tcp.connect",
			"tls.handshake",
		]);
		const lookup = only(childrenOf(run.spans, setup, "dns.lookup"));
		expect(lookup.attributes["dns.question.name"]).toBe("localhost");
		expect(duration(lookup)).toBeGreaterThan(55);
	});

	test("by a function of the program that answers at once", async ({
		http,
	}) => {
		const run = await trace(
			http,
			async ({ get, values }) => {
				await get("/", {
					agent: false,
					lookup: (_name, options, callback) =>
						options.all
							? callback(null, [values])
							: callback(null, values.address, values.family),
				});
			},
			{ values: await addressOf("localhost") },
		);
		const lookup = only(named(run.spans, "dns.lookup"));
		expect(lookup.attributes["dns.answers"]).toHaveLength(1);
	});

	test("called by the program itself stands alone", async ({ http }) => {
		const run = await trace(http, async ({ dns, report }) => {
			await new Promise<void>((resolve) =>
				dns.lookup("localhost", (_error, address) => {
					report(address);
					resolve();
				}),
			);
			report(await dns.promises.lookup("localhost"));
			report(await dns.promises.lookup("127.0.0.1"));
			await new Promise<void>((resolve) =>
				dns.lookup("nonexistent.invalid", (error) => {
					report(error?.code);
					resolve();
				}),
			);
		});
		const [address, , , code] = run.reports;
		const lookups = named(run.spans, "dns.lookup");
		expect(run.spans).toHaveLength(lookups.length);
		expect(
			lookups.map(({ attributes }) => attributes["dns.question.name"]),
		).toEqual(["localhost", "localhost", "nonexistent.invalid"]);
		expect(lookups.map(({ parentSpanId }) => parentSpanId)).toEqual([
			...[undefined, undefined, undefined],
		]);
		expect(lookups[0]?.attributes["dns.answers"]).toEqual([address]);
		expect(errorsOf(lookups)).toEqual([undefined, undefined, code]);
	});

	test("says how many lookups were running", async ({ http }) => {
		const run = await trace(http, async ({ dns }) => {
			await Promise.all([1, 2, 3].map(() => dns.promises.lookup("localhost")));
			await dns.promises.lookup("localhost");
		});
		const counts = named(run.spans, "dns.lookup").map(
			({ attributes }) => attributes["conntrace.dns.in_flight"],
		);
		expect(counts.slice(0, 3).toSorted()).toEqual([0, 1, 2]);
		expect(counts[3]).toBe(0);
	});
});

describe.concurrent("several addresses", () => {
	test("the first one refuses: each attempt has its span", async () => {
		const server = await startServer({ host: "127.0.0.1" });
		const run = await trace(server, async ({ get }) => {
			await get("/", {
				agent: false,
				lookup: (_name, _options, callback) =>
					callback(null, [
						{ address: "::1", family: 6 },
						{ address: "127.0.0.1", family: 4 },
					]),
			});
		});
		await server.close();
		const setup = setupOf(run.spans, run.requests[0]);
		expect(phasesOf(run.spans, setup)).toEqual([
			"dns.lookup",
			"tcp.connect",
			"tcp.connect",
		]);
		const [failed, connected] = named(run.spans, "tcp.connect");
		expect(failed?.attributes).toMatchObject({
			"network.peer.address": "::1",
			"network.type": "ipv6",
			"conntrace.tcp.attempt": 1,
		});
		// EADDRNOTAVAIL where the machine has no IPv6.
		expect(["ECONNREFUSED", "EADDRNOTAVAIL"]).toContain(
			failed?.attributes["error.type"],
		);
		expect(connected?.attributes).toMatchObject({
			"network.peer.address": "127.0.0.1",
			"network.type": "ipv4",
			"conntrace.tcp.attempt": 2,
		});
		expect(connected?.error).toBe(false);
		expect(setup.attributes).toMatchObject({
			"network.peer.address": "127.0.0.1",
		});
		expect(setup.error).toBe(false);
		expect(
			only(named(run.spans, "dns.lookup")).attributes["dns.answers"],
		).toEqual(["::1", "127.0.0.1"]);
	});

	test("over TLS, the handshake follows the attempt that connected", async () => {
		const server = await startServer({
			host: "127.0.0.1",
			certificate: inject("certificate"),
		});
		const run = await trace(server, async ({ get }) => {
			await get("/", {
				agent: false,
				lookup: (_name, _options, callback) =>
					callback(null, [
						{ address: "::1", family: 6 },
						{ address: "127.0.0.1", family: 4 },
					]),
			});
		});
		await server.close();
		const setup = setupOf(run.spans, run.requests[0]);
		expect(phasesOf(run.spans, setup)).toEqual([
			"dns.lookup",
			"tcp.connect",
			"tcp.connect",
			"tls.handshake",
		]);
	});

	test("all of them refuse", async () => {
		const server = await startServer({ host: "127.0.0.1" });
		await server.close();
		const run = await trace(
			{ ...server, connections: [] },
			async ({ get, report }) => {
				await get("/", {
					agent: false,
					lookup: (_name, _options, callback) =>
						callback(null, [
							{ address: "::1", family: 6 },
							{ address: "127.0.0.1", family: 4 },
						]),
				}).catch(({ code }) => report(code));
			},
		);
		expect(run.reports).toEqual(["ECONNREFUSED"]);
		expect(errorsOf(run.requests)).toEqual(["ECONNREFUSED"]);
		const attempts = named(run.spans, "tcp.connect");
		expect(attempts.map(({ error }) => error)).toEqual([true, true]);
		expect(setupOf(run.spans, run.requests[0]).error).toBe(true);
	});
});

describe.concurrent("TLS", () => {
	test("the handshake tells what was agreed and who the server is", async ({
		https,
	}) => {
		const run = await trace(https, async ({ get }) => {
			await get("/", { agent: false });
		});
		const { attributes } = only(named(run.spans, "tls.handshake"));
		expect(attributes).toMatchObject({
			"server.address": "localhost",
			"tls.protocol.name": "tls",
			"tls.protocol.version": "1.3",
			"tls.resumed": false,
		});
		expect(attributes["tls.cipher"]).toMatch(/^TLS_AES_/);
		expect(attributes["tls.server.subject"]).toContain(SERVER_SUBJECT);
		expect(attributes["tls.server.issuer"]).toContain(AUTHORITY_SUBJECT);
		expect(
			Date.parse(String(attributes["tls.server.not_after"])) - Date.now(),
		).toBeGreaterThan(20 * 3_600_000);
	});

	test("a resumed session is said to be one", async ({ https }) => {
		const run = await trace(https, async ({ client, get }) => {
			const agent = new client.Agent({
				keepAlive: false,
				maxCachedSessions: 10,
			});
			await get("/", { agent });
			await get("/", { agent });
		});
		expect(
			named(run.spans, "tls.handshake").map(
				({ attributes }) => attributes["tls.resumed"],
			),
		).toEqual([false, true]);
	});

	test("no name is sent to an IP address, and none is told", async () => {
		const server = await startServer({
			host: "127.0.0.1",
			certificate: inject("certificate"),
		});
		const run = await trace(server, async ({ https, port }) => {
			const request = https.get({ host: "127.0.0.1", port, agent: false });
			await new Promise((resolve) =>
				request.on("response", (response) =>
					response.resume().on("end", resolve),
				),
			);
		});
		await server.close();
		expect(server.serverNames).toEqual([false]);
		expect(
			only(named(run.spans, "tls.handshake")).attributes,
		).not.toHaveProperty("server.address");
	});

	test("over a socket that was connected before", async ({ https }) => {
		const run = await trace(https, async ({ net, tls, port, sleep, once }) => {
			const socket = net.connect({ host: "localhost", port });
			await new Promise((resolve) => socket.on("connect", resolve));
			await sleep(40);
			const secure = tls.connect({ socket, servername: "localhost" });
			// The answer, a refusal, comes when the server has finished the handshake too.
			secure.write("no request\r\n\r\n");
			await once(secure, "data");
			secure.destroy();
			await once(secure, "close");
		});
		const setup = only(named(run.spans, "connection.setup"));
		expect(phasesOf(run.spans, setup)).toEqual([
			"dns.lookup",
			"tcp.connect",
			"tls.handshake",
		]);
		const handshake = only(named(run.spans, "tls.handshake"));
		const connect = only(named(run.spans, "tcp.connect"));
		expect(Number(handshake.start - connect.end) / 1e6).toBeGreaterThan(35);
		expect(https.serverNames).toEqual(["localhost"]);
		expect(handshake.attributes["server.address"]).toBe("localhost");
	});
});

describe.concurrent("connections without a request", () => {
	test("net.connect", async ({ http }) => {
		const run = await trace(http, async ({ net, port }) => {
			const socket = net.connect({ host: "localhost", port });
			await new Promise((resolve) => socket.on("connect", resolve));
			socket.destroy();
		});
		expect(http.connections).toHaveLength(1);
		const setup = only(named(run.spans, "connection.setup"));
		expect(setup.parentSpanId).toBeUndefined();
		expect(setup.attributes).not.toHaveProperty("conntrace.connection.reason");
		expect(phasesOf(run.spans, setup)).toEqual(["dns.lookup", "tcp.connect"]);
	});

	test("tls.connect", async ({ https }) => {
		const run = await trace(https, async ({ tls, port }) => {
			const socket = tls.connect({ host: "localhost", port });
			await new Promise((resolve) => socket.on("secureConnect", resolve));
			socket.destroy();
		});
		const setup = only(named(run.spans, "connection.setup"));
		expect(phasesOf(run.spans, setup)).toEqual([
			"dns.lookup",
			"tcp.connect",
			"tls.handshake",
		]);
	});

	test("a socket that connects again after it was closed", async ({ http }) => {
		const run = await trace(http, async ({ net, port }) => {
			const socket = new net.Socket();
			for (let round = 1; round <= 2; round++) {
				socket.connect({ host: "localhost", port });
				await new Promise((resolve) => socket.once("connect", resolve));
				socket.destroy();
				await new Promise((resolve) => socket.once("close", resolve));
			}
		});
		expect(http.connections).toHaveLength(2);
		expect(named(run.spans, "connection.setup")).toHaveLength(2);
	});
});

test("requests through a tunnel that the program made", async ({
	http: proxy,
	https: target,
}) => {
	const run = await runScenario(
		proxy,
		async ({ http, https, tls, port, values, report }) => {
			const connect = http.request({
				host: "localhost",
				port,
				method: "CONNECT",
				path: `localhost:${values}`,
				agent: false,
			});
			connect.end();
			await new Promise<void>((resolve) => {
				connect.on("connect", (_response, socket) => {
					https.get(
						`https://localhost:${values}/`,
						{
							createConnection: () =>
								tls.connect({ socket, servername: "localhost" }),
						},
						(response) => {
							report(response.statusCode);
							response.resume();
							response.on("end", () => {
								socket.destroy();
								resolve();
							});
						},
					);
				});
			});
		},
		{ values: target.port },
	);
	const { requests } = judge(run, []);
	expect(run.reports).toEqual([200]);
	expect(target.requests).toHaveLength(1);
	expect(requests.map(({ name }) => name)).toEqual(["CONNECT", "GET"]);
	// The server behind the tunnel sees a new connection, which costs its own handshake.
	expect(requests.map(isReused)).toEqual([false, false]);
	expect(phasesOf(run.spans, setupOf(run.spans, requests[1]))).toEqual([
		"tls.handshake",
	]);
	expect(named(run.spans, "tcp.connect")).toHaveLength(1);
});

async function addressOf(name: string) {
	const { lookup } = await import("node:dns/promises");
	return lookup(name);
}
