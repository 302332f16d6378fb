import type { LookupFunction } from "node:net";
import { describe, expect } from "vitest";
import { test, trace } from "../support/scenario.js";
import { startServer } from "../support/server.js";
import { childrenOf, named, only, setupOf } from "../support/spans.js";

const RESOLVER = "conntrace.dns.resolver";

describe.concurrent("names that a function of the program resolves", () => {
	test("the system's resolver is not marked", async ({ http }) => {
		const run = await trace(http, async ({ get, dns }) => {
			await get("/", { agent: false });
			await dns.promises.lookup("localhost");
		});
		const lookups = named(run.spans, "dns.lookup");
		expect(lookups).toHaveLength(2);
		for (const { attributes } of lookups)
			expect(attributes).not.toHaveProperty(RESOLVER);
	});

	test("a function of the request", async () => {
		const server = await startServer({ host: "127.0.0.1" });
		const run = await trace(server, async ({ get }) => {
			await get("/", {
				agent: false,
				lookup: (_name, _options, callback) =>
					setTimeout(callback, 30, null, [{ address: "127.0.0.1", family: 4 }]),
			});
		});
		await server.close();
		expect(only(named(run.spans, "dns.lookup")).attributes).toMatchObject({
			"dns.question.name": "localhost",
			"dns.answers": ["127.0.0.1"],
			[RESOLVER]: "custom",
		});
	});

	test("a function of the agent, used for each of its connections", async () => {
		const server = await startServer({ host: "127.0.0.1" });
		const run = await trace(server, async ({ get, client }) => {
			const lookup: LookupFunction = (_name, _options, callback) =>
				callback(null, [{ address: "127.0.0.1", family: 4 }]);
			const agent = new client.Agent({ keepAlive: true, lookup });
			await Promise.all([get("/", { agent }), get("/", { agent })]);
			await get("/", { agent });
			agent.destroy();
		});
		await server.close();
		expect(
			named(run.spans, "dns.lookup").map(
				({ attributes }) => attributes[RESOLVER],
			),
		).toEqual(["custom", "custom"]);
	});

	test("a function that asks dns.promises", async ({ http }) => {
		const run = await trace(http, async ({ get, dns }) => {
			await get("/", {
				agent: false,
				lookup: async (name, _options, callback) => {
					await null;
					callback(null, await dns.promises.lookup(name, { all: true }));
				},
			});
		});
		const lookup = only(
			childrenOf(run.spans, setupOf(run.spans, run.requests[0]), "dns.lookup"),
		);
		expect(lookup.attributes[RESOLVER]).toBe("custom");
		// What the function asked of the system stands by itself.
		const asked = named(run.spans, "dns.lookup").filter(
			(span) => span !== lookup,
		);
		expect(only(asked).attributes).not.toHaveProperty(RESOLVER);
	});

	test("a function that passes on what the system says is the system", async ({
		http,
	}) => {
		const run = await trace(http, async ({ get, dns }) => {
			await get("/", { agent: false, lookup: dns.lookup as LookupFunction });
			await get("/", {
				agent: false,
				lookup: (name, options, callback) =>
					dns.lookup(name, options as object, callback as never),
			});
		});
		const lookups = named(run.spans, "dns.lookup");
		expect(lookups).toHaveLength(2);
		for (const { attributes } of lookups) {
			expect(attributes).not.toHaveProperty(RESOLVER);
			expect(attributes).toHaveProperty(["dns.answers"]);
		}
	});

	test("a function that answers while it asks the system is not", async () => {
		const server = await startServer({ host: "127.0.0.1" });
		const run = await trace(server, async ({ get, dns }) => {
			await get("/", {
				agent: false,
				lookup: (name, _options, callback) => {
					dns.lookup(name, () => {});
					callback(null, [{ address: "127.0.0.1", family: 4 }]);
				},
			});
		});
		await server.close();
		expect(only(named(run.spans, "dns.lookup")).attributes[RESOLVER]).toBe(
			"custom",
		);
	});

	test("a function that fails", async ({ http }) => {
		const run = await trace(http, async ({ get, report }) => {
			await get("/", {
				agent: false,
				lookup: (_name, _options, callback) =>
					callback(
						Object.assign(new Error("no such name"), { code: "ENOTFOUND" }),
						[],
					),
			}).catch(({ code }) => report(code));
		});
		expect(run.reports).toEqual(["ENOTFOUND"]);
		expect(only(named(run.spans, "dns.lookup")).attributes).toMatchObject({
			"error.type": "ENOTFOUND",
			[RESOLVER]: "custom",
		});
	});

	test("a function that throws, as without the agent", async ({ http }) => {
		const run = await trace(http, async ({ get, report }) => {
			await get("/", {
				agent: false,
				lookup: () => {
					throw new TypeError("not today");
				},
			}).catch(({ message }) => report(message));
		});
		expect(run.reports).toEqual(["not today"]);
		expect(only(named(run.spans, "dns.lookup")).attributes).toMatchObject({
			"error.type": "_OTHER",
			[RESOLVER]: "custom",
		});
		expect(only(named(run.spans, "connection.setup")).attributes).toMatchObject(
			{ "error.type": "_OTHER" },
		);
	});

	test("a function that never answers", async ({ http }) => {
		const run = await trace(http, async ({ request, once }) => {
			const sent = request("/", { agent: false, lookup: () => {} });
			sent.on("error", () => {});
			sent.end();
			await once(sent, "socket");
			setImmediate(() => sent.destroy());
			await once(sent, "close");
		});
		expect(only(named(run.spans, "dns.lookup")).attributes).toMatchObject({
			"error.type": "aborted",
			[RESOLVER]: "custom",
		});
	});

	test("cacheable-lookup, of an agent", async () => {
		const server = await startServer({ host: "127.0.0.1" });
		const run = await trace(server, async ({ get, load, client, dns }) => {
			type Module = typeof import("cacheable-lookup");
			const { default: CacheableLookup } =
				await load<Module>("cacheable-lookup");
			const resolver = new dns.promises.Resolver();
			const answer = [{ address: "127.0.0.1", ttl: 60 }];
			resolver.resolve4 = (async () => answer) as never;
			resolver.resolve6 = async () => [];
			const cache = new CacheableLookup({ resolver });
			const agent = new client.Agent({ keepAlive: false });
			cache.install(agent);
			await get("/", { agent });
			await get("/", { agent });
		});
		await server.close();
		const lookups = named(run.spans, "dns.lookup");
		expect(lookups.map(({ attributes }) => attributes)).toEqual([
			{
				"dns.question.name": "localhost",
				"dns.answers": ["127.0.0.1"],
				"conntrace.dns.in_flight": 0,
				[RESOLVER]: "custom",
			},
			expect.objectContaining({
				"dns.answers": ["127.0.0.1"],
				"conntrace.dns.same_answer": true,
				[RESOLVER]: "custom",
			}),
		]);
	});

	test("a function in place of dns.lookup, that caches", async ({ http }) => {
		const run = await trace(http, async ({ get, dns }) => {
			const { lookup } = dns;
			const cached: unknown[][] = [];
			dns.lookup = ((
				name: string,
				options: object,
				callback: (...answer: unknown[]) => void,
			) => {
				const [known] = cached;
				if (known) process.nextTick(callback, ...known);
				else
					lookup(name, options, (...answer: unknown[]) => {
						cached.push(answer);
						callback(...answer);
					});
			}) as unknown as typeof lookup;
			await get("/", { agent: false });
			await get("/", { agent: false });
		});
		const [system, cached] = named(run.spans, "dns.lookup");
		expect(system?.attributes).not.toHaveProperty(RESOLVER);
		expect(cached?.attributes).toMatchObject({
			"dns.question.name": "localhost",
			"dns.answers": system?.attributes["dns.answers"],
			[RESOLVER]: "custom",
		});
		expect(
			run.requests.map((request) => setupOf(run.spans, request).spanId),
		).toEqual([system?.parentSpanId, cached?.parentSpanId]);
	});

	test("an IP address asks nobody, not even such a function", async () => {
		const server = await startServer({ host: "127.0.0.1" });
		const run = await trace(server, async ({ http, port, once }) => {
			const lookup: LookupFunction = () => {
				throw new Error("asked for an IP address");
			};
			const request = http.get({
				host: "127.0.0.1",
				port,
				agent: false,
				lookup,
			});
			request.on("response", (response) => response.resume());
			await once(request, "close");
		});
		await server.close();
		expect(named(run.spans, "dns.lookup")).toEqual([]);
	});
});
