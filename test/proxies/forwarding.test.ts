import { describe, expect } from "vitest";
import { testedNode } from "../reasons/stages.js";
import { judge, type Scenario, story } from "../support/scenario.js";
import { phasesOf, setupOf } from "../support/spans.js";
import { COPIES } from "../undici/clients.js";
import { runThrough, test, type Values } from "./fixtures.js";

interface Client {
	readonly name: string;
	readonly undici?: string;
	/** Variables of the program; `PROXY` stands for the proxy. */
	readonly environment?: Readonly<Record<string, string>>;
	/** Fetches two times, in order. */
	readonly scenario: Scenario<Values>;
}

const CLIENTS: readonly Client[] = [
	{
		name: "http-proxy-agent",
		scenario: async ({ get, values: { proxy } }) => {
			const { HttpProxyAgent } = process
				.getBuiltinModule("node:module")
				.createRequire(process.argv[1] ?? "")("http-proxy-agent");
			const agent = new HttpProxyAgent(proxy, { keepAlive: true });
			await get("/x/0/first?key=5ec2e7", { agent });
			await get("/x/0/second", { agent });
			agent.destroy();
		},
	},
	...COPIES.map(
		(undici) =>
			({
				name: undici,
				undici,
				scenario: async ({ undici, fetchAnswer, values: { proxy } }) => {
					const dispatcher = new undici.ProxyAgent({
						uri: proxy,
						proxyTunnel: false,
					});
					await fetchAnswer("/x/0/first?key=5ec2e7", { dispatcher });
					await fetchAnswer("/x/0/second", { dispatcher });
					await dispatcher.close();
				},
			}) satisfies Client,
	),
	...(testedNode >= 22
		? [
				{
					name: "http.Agent with proxyEnv",
					scenario: async ({ http, get, values: { proxy } }) => {
						const agent = new http.Agent({
							keepAlive: true,
							...{ proxyEnv: { HTTP_PROXY: proxy } },
						});
						await get("/x/0/first?key=5ec2e7", { agent });
						await get("/x/0/second", { agent });
						agent.destroy();
					},
				} satisfies Client,
				{
					name: "NODE_USE_ENV_PROXY",
					environment: { NODE_USE_ENV_PROXY: "1", HTTP_PROXY: "PROXY" },
					scenario: async ({ get }) => {
						await get("/x/0/first?key=5ec2e7");
						await get("/x/0/second");
					},
				} satisfies Client,
			]
		: []),
];

describe.concurrent.each(CLIENTS)("forwarding for $name", (client) => {
	test("plain requests", async ({ plain, proxy }) => {
		const environment = Object.fromEntries(
			Object.entries(client.environment ?? {}).map(([name, value]) => [
				name,
				value.replace("PROXY", proxy.url),
			]),
		);
		const run = await runThrough(proxy, plain, client.scenario, {
			undici: client.undici,
			environment,
		});
		const trace = judge(run, [proxy.behind(plain)]);
		expect(story(trace)).toEqual(["first_connection", "request 2"]);
		const [first, second] = trace.requests;
		const setup = setupOf(run.spans, first);
		expect(phasesOf(run.spans, setup)).toEqual(["dns.lookup", "tcp.connect"]);
		expect(first?.attributes["url.full"]).toBe(
			`${plain.origin}/x/0/first?key=REDACTED`,
		);
		for (const span of [first, second, setup])
			expect(span?.attributes).toMatchObject({
				"server.address": "localhost",
				"server.port": plain.port,
				"network.peer.port": proxy.port,
				"conntrace.proxy.address": "localhost",
				"conntrace.proxy.port": proxy.port,
			});
	});
});

if (testedNode >= 22)
	describe.concurrent("the built-in fetch", () => {
		test("with NODE_USE_ENV_PROXY", async ({ server, proxy }) => {
			const run = await runThrough(
				proxy,
				server,
				async ({ fetchAnswer }) => {
					await fetchAnswer("/x/0/first?key=5ec2e7");
					await fetchAnswer("/x/0/second");
				},
				{ environment: { NODE_USE_ENV_PROXY: "1", HTTPS_PROXY: proxy.url } },
			);
			const trace = judge(run, [proxy.behind(server)]);
			expect(story(trace)).toEqual(["first_connection", "request 2"]);
			expect(
				phasesOf(run.spans, setupOf(run.spans, trace.requests[0])),
			).toContain("proxy.tunnel");
		});
	});
