import { describe, expect } from "vitest";
import { testedNode } from "../reasons/stages.js";
import { checkContract } from "../support/contract.js";
import type { TestProxy } from "../support/proxy.js";
import {
	judge,
	type Scenario,
	story,
	type Trace,
} from "../support/scenario.js";
import type { TestServer } from "../support/server.js";
import {
	childrenOf,
	isReused,
	named,
	only,
	phasesOf,
	requestsOf,
	setupOf,
} from "../support/spans.js";
import { COPIES } from "../undici/clients.js";
import { runThrough, test, type Values } from "./fixtures.js";

interface Client {
	readonly name: string;
	readonly undici?: string;
	/** What a request fails with when the proxy refuses the tunnel. */
	readonly refused: unknown;
	/** Fetches two times, in order. */
	readonly scenario: Scenario<Values>;
}

const CLIENTS: readonly Client[] = [
	{
		name: "https-proxy-agent",
		refused: "407",
		scenario: async ({ get, values: { proxy } }) => {
			const { HttpsProxyAgent } = process
				.getBuiltinModule("node:module")
				.createRequire(process.argv[1] ?? "")("https-proxy-agent");
			const agent = new HttpsProxyAgent(proxy, { keepAlive: true });
			await get("/x/0/first?key=5ec2e7", { agent }).catch(() => {});
			await get("/x/0/second", { agent }).catch(() => {});
			agent.destroy();
		},
	},
	...COPIES.map(
		(undici) =>
			({
				name: undici,
				undici,
				refused: "UND_ERR_ABORTED",
				scenario: async ({ undici, fetchAnswer, values: { proxy } }) => {
					const dispatcher = new undici.ProxyAgent(proxy);
					await fetchAnswer("/x/0/first?key=5ec2e7", { dispatcher }).catch(
						() => {},
					);
					await fetchAnswer("/x/0/second", { dispatcher }).catch(() => {});
					await dispatcher.close();
				},
			}) satisfies Client,
	),
	...(testedNode >= 22
		? [
				{
					name: "https.Agent with proxyEnv",
					refused: "ERR_PROXY_TUNNEL",
					scenario: async ({ https, get, values: { proxy } }) => {
						const agent = new https.Agent({
							keepAlive: true,
							...{ proxyEnv: { HTTPS_PROXY: proxy } },
						});
						await get("/x/0/first?key=5ec2e7", { agent }).catch(() => {});
						await get("/x/0/second", { agent }).catch(() => {});
						agent.destroy();
					},
				} satisfies Client,
			]
		: []),
];

async function through(
	proxy: TestProxy,
	server: TestServer,
	{ scenario, undici }: Client,
): Promise<Trace> {
	return judge(await runThrough(proxy, server, scenario, { undici }), [
		proxy.behind(server),
	]);
}

describe.concurrent.each(CLIENTS)("tunnels of $name", (client) => {
	test("through a plain proxy", async ({ server, proxy }) => {
		const run = await through(proxy, server, client);
		expect(story(run)).toEqual(["first_connection", "request 2"]);
		const [first, second] = run.requests;
		const setup = setupOf(run.spans, first);
		expect(phasesOf(run.spans, setup)).toEqual([
			"dns.lookup",
			"tcp.connect",
			"proxy.tunnel",
			"tls.handshake",
		]);
		expect(named(run.spans, "connection.setup")).toHaveLength(1);
		for (const span of [first, second, setup])
			expect(span?.attributes).toMatchObject({
				"server.address": "localhost",
				"server.port": server.port,
				"network.peer.port": proxy.port,
				"conntrace.proxy.address": "localhost",
				"conntrace.proxy.port": proxy.port,
			});
		expect(
			only(childrenOf(run.spans, setup, "tls.handshake")).attributes,
		).toMatchObject({ "server.address": "localhost" });
	});

	test("through a proxy that speaks TLS", async ({ server, secureProxy }) => {
		const run = await through(secureProxy, server, client);
		expect(story(run)).toEqual(["first_connection", "request 2"]);
		expect(phasesOf(run.spans, setupOf(run.spans, run.requests[0]))).toEqual([
			"dns.lookup",
			"tcp.connect",
			"tls.handshake",
			"proxy.tunnel",
			"tls.handshake",
		]);
	});

	test("that the proxy refuses", async ({ server, refusing }) => {
		const run = await runThrough(refusing, server, client.scenario, client);
		// https-proxy-agent plays the answer of the proxy to the request, on a socket without a connection.
		if (client.refused !== "407") expect(checkContract(run.spans)).toEqual([]);
		const requests = requestsOf(run.spans);
		expect(requests.map(({ attributes }) => attributes["error.type"])).toEqual([
			client.refused,
			client.refused,
		]);
		expect(story({ requests })).toEqual(["first_connection", "connect_failed"]);
		expect(server.connections).toEqual([]);
	});
});

describe.concurrent.each(COPIES)("tunnels of %s", (undici) => {
	test("for several requests at once", async ({ server, proxy }) => {
		const run = await runThrough(
			proxy,
			server,
			async ({ undici, fetchAnswer, values: { proxy } }) => {
				const dispatcher = new undici.ProxyAgent(proxy);
				for (let round = 0; round < 3; round++)
					await Promise.all(
						[0, 1, 2].map((part) =>
							fetchAnswer(`/delay/${10 + part * 10}/${round}-${part}`, {
								dispatcher,
							}),
						),
					);
				await dispatcher.close();
			},
			{ undici },
		);
		const { requests } = judge(run, [proxy.behind(server)]);
		expect(requests).toHaveLength(9);
		const fresh = requests.filter((request) => !isReused(request));
		expect(fresh).toHaveLength(server.connections.length);
		// Whoever makes a connection does not wait for another one.
		for (const request of fresh)
			expect(childrenOf(run.spans, request, "connection.wait")).toEqual([]);
		for (const request of fresh)
			expect(phasesOf(run.spans, setupOf(run.spans, request))).toContain(
				"proxy.tunnel",
			);
	});

	test("to a plain server", async ({ plain, proxy }) => {
		const run = await runThrough(
			proxy,
			plain,
			async ({ undici, fetchAnswer, values: { proxy } }) => {
				const dispatcher = new undici.ProxyAgent({
					uri: proxy,
					proxyTunnel: true,
				});
				await fetchAnswer("/x/0/first", { dispatcher });
				await fetchAnswer("/x/0/second", { dispatcher });
				await dispatcher.close();
			},
			{ undici },
		);
		const trace = judge(run, [proxy.behind(plain)]);
		expect(story(trace)).toEqual(["first_connection", "request 2"]);
		expect(phasesOf(run.spans, setupOf(run.spans, trace.requests[0]))).toEqual([
			"dns.lookup",
			"tcp.connect",
			"proxy.tunnel",
		]);
	});
});

// The AWS SDK's handler says nothing of https in its options, and agent-base asks the stack, which tells when a connection
// is looked for and not when one is kept.
test.concurrent("an agent that keeps tunnels where it does not look for them, and the advice on it", async ({
	server,
	proxy,
}) => {
	const run = await runThrough(
		proxy,
		server,
		async ({ load, origin, values: { proxy } }) => {
			const { NodeHttpHandler } = await load<
				typeof import("@smithy/node-http-handler")
			>("@smithy/node-http-handler");
			const { HttpsProxyAgent } =
				await load<typeof import("https-proxy-agent")>("https-proxy-agent");
			const { hostname, port } = new URL(origin);
			const httpsAgent = new HttpsProxyAgent(proxy, { keepAlive: true });
			const handler = new NodeHttpHandler({ httpsAgent });
			for (let round = 0; round < 5; round++) {
				if (round === 3) httpsAgent.isSecureEndpoint = () => true;
				const { response } = await handler.handle({
					protocol: "https:",
					hostname,
					port: Number(port),
					method: "GET",
					path: `/x/0/${round}`,
					headers: {},
					query: {},
				} as never);
				for await (const _ of response.body);
			}
			handler.destroy();
		},
	);
	const trace = judge(run, [proxy.behind(server)]);
	expect(story(trace)).toEqual([
		"first_connection",
		"pool_key_mismatch",
		"pool_key_mismatch",
		"pool_key_mismatch",
		"request 2",
	]);
	expect(
		trace.requests[2]?.attributes["conntrace.connection.reason_detail"],
	).toMatch(/ idle for .+ ms under another protocol \(/);
});

test.runIf(testedNode >= 24)(
	"http.setGlobalProxyFromEnv",
	async ({ server, proxy }) => {
		const run = await runThrough(
			proxy,
			server,
			async ({ http, get, fetchAnswer, values: { proxy } }) => {
				const { setGlobalProxyFromEnv } = http as unknown as {
					setGlobalProxyFromEnv(env: object): () => void;
				};
				const takeBack = setGlobalProxyFromEnv({ HTTPS_PROXY: proxy });
				for (const round of [0, 1]) {
					await get(`/x/0/get-${round}`);
					await fetchAnswer(`/x/0/fetch-${round}`);
				}
				takeBack();
			},
		);
		const trace = judge(run, [proxy.behind(server)]);
		expect(story(trace)).toEqual([
			"first_connection",
			"different_agent",
			"request 2",
			"request 2",
		]);
	},
);

describe.concurrent("agents that keep no tunnel", () => {
	test("https-proxy-agent without keepAlive", async ({ server, proxy }) => {
		const run = await runThrough(
			proxy,
			server,
			async ({ get, values: { proxy } }) => {
				const { HttpsProxyAgent } = process
					.getBuiltinModule("node:module")
					.createRequire(process.argv[1] ?? "")("https-proxy-agent");
				const agent = new HttpsProxyAgent(proxy);
				await get("/x/0/first", { agent });
				await get("/x/0/second", { agent });
			},
		);
		expect(story(judge(run, [proxy.behind(server)]))).toEqual([
			"first_connection",
			"keep_alive_disabled",
		]);
	});

	test("an agent that asks for a tunnel by a request, to a plain server", async ({
		plain,
		proxy,
	}) => {
		const run = await runThrough(
			proxy,
			plain,
			async ({ http, get, origin, values: { proxy } }) => {
				const { host } = new URL(origin);
				const { username, password, hostname, port } = new URL(proxy);
				class TunnelAgent extends http.Agent {
					override createConnection(_: unknown, done?: CallableFunction) {
						const asked = http.request({
							hostname,
							port,
							method: "CONNECT",
							path: host,
							agent: false,
							headers: {
								"proxy-authorization": `Basic ${btoa(`${username}:${password}`)}`,
							},
						});
						asked.on("connect", (_, socket) => done?.(null, socket)).end();
						return undefined as never;
					}
				}
				const agent = new TunnelAgent({ keepAlive: true });
				await get("/x/0/first", { agent });
				await get("/x/0/second", { agent });
				agent.destroy();
			},
		);
		const requests = named(requestsOf(run.spans), "GET");
		expect(story({ requests })).toEqual(["first_connection", "request 2"]);
		for (const { attributes } of requests)
			expect(attributes).toMatchObject({
				"server.port": plain.port,
				"network.peer.port": proxy.port,
				"conntrace.proxy.port": proxy.port,
			});
	});

	test("an agent that cannot keep one", async ({ server, proxy }) => {
		const run = await runThrough(
			proxy,
			server,
			async ({ get, values: { proxy } }) => {
				const createAgent = process
					.getBuiltinModule("node:module")
					.createRequire(process.argv[1] ?? "")("https-proxy-agent-5");
				const agent = createAgent(proxy);
				await get("/x/0/first", { agent });
				await get("/x/0/second", { agent });
			},
		);
		const trace = judge(run, [proxy.behind(server)]);
		expect(story(trace)).toEqual(["first_connection", "proxy_tunnel"]);
		expect(trace.requests[1]?.attributes).toMatchObject({
			"conntrace.connection.reason_detail":
				"the agent opens a tunnel through the proxy for each request",
			"conntrace.proxy.port": proxy.port,
		});
	});
});
