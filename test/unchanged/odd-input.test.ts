import { describe, expect } from "vitest";
import { startHttp2Server } from "../support/http2-server.js";
import {
	compare,
	runScenario,
	story,
	test,
	testWith,
	trace,
} from "../support/scenario.js";
import { requestsOf } from "../support/spans.js";
import { COPIES } from "../undici/clients.js";

describe.concurrent("an agent of the program names its pools", () => {
	for (const name of ["undefined", "null", "5", "{}", "Symbol('name')"]) {
		test(`by ${name}`, async ({ http }) => {
			const run = await trace(
				http,
				async ({ http, get, values }) => {
					const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
					// biome-ignore lint/security/noGlobalEval: JSON has no word for most of them
					const odd = globalThis.eval(`(${values})`);
					agent.getName = () => odd;
					await Promise.all([get("/", { agent }), get("/", { agent })]);
					await get("/close", { agent });
					await get("/", { agent });
					agent.destroy();
				},
				{ values: name },
			);
			expect(story(run)).toEqual([
				"first_connection",
				"request 2",
				"request 3",
				"server_connection_close",
			]);
			expect(run.requests[1]?.attributes).toMatchObject({
				"conntrace.pool.busy": 1,
				"conntrace.pool.queued": 0,
			});
		});
	}
});

describe.concurrent("a program that does what it may, however odd", () => {
	test("emits the events of its sockets itself, without what belongs to them", async ({
		http,
	}) => {
		await compare(http, async ({ net, port, once, report, get, sleep }) => {
			const EVENTS = [
				"lookup",
				"connectionAttempt",
				"connectionAttemptFailed",
				"connectionAttemptTimeout",
				"connect",
				"free",
				"timeout",
				"agentRemove",
				"end",
			];
			for (const host of ["localhost", "127.0.0.1"])
				for (const event of EVENTS) {
					const socket = net.connect(port, host).on("error", () => {});
					socket.emit(event as "lookup", ...([] as never[]));
					socket.emit(event, null);
					await Promise.race([once(socket, "connect"), sleep(100)]);
					report(socket.emit(event, Symbol("odd"), Symbol("odd")));
					socket.destroy();
					await once(socket, "close");
				}
			await get("/");
		});
	});

	test("lets nothing be added to its sockets and agents", async ({ http }) => {
		const run = await compare(http, async (program) => {
			const { http, net, port, get, once, report } = program;
			for (const close of [Object.preventExtensions, Object.seal]) {
				const socket = close(new net.Socket());
				await once(socket.connect(port, "localhost"), "connect");
				socket.destroy();
				await once(socket, "close");
				const agent = close(new http.Agent({ keepAlive: true }));
				const first = await get("/", { agent });
				const second = await get("/", { agent });
				report([first.number, second.number]);
				agent.destroy();
			}
		});
		expect(run.reports).toEqual([
			[1, 2],
			[1, 2],
		]);
		expect(
			run.spans.filter(({ name }) => name === "connection.setup").length,
		).toBeGreaterThanOrEqual(4);
	});

	test("lets nobody look at stacks", async ({ http }) => {
		const run = await compare(http, async ({ http, get, once, report }) => {
			Object.freeze(Error);
			const agent = new http.Agent({ keepAlive: true });
			await get("/", { agent });
			const [[idle] = []] = Object.values(agent.freeSockets);
			if (idle) await once(idle.destroy(), "close");
			report((await get("/", { agent })).number);
			agent.destroy();
		});
		expect(requestsOf(run.spans)[1]?.attributes).toMatchObject({
			"conntrace.connection.reason": "unknown",
			"conntrace.connection.reason_detail": expect.stringContaining(
				"destroyed by a function that cannot be seen",
			),
		});
	});

	test("emits a response that came from nowhere, and takes from one what it does not need", async ({
		http,
	}) => {
		const run = await compare(http, async (program) => {
			const { http, request, once, report } = program;
			const agent = new http.Agent({ keepAlive: true });
			for (const response of [undefined, null, { statusCode: 200 }]) {
				const sent = request("/", { agent });
				sent.end();
				await once(sent, "socket");
				const emitted = once(sent, "response");
				sent.emit("response", response as never);
				report(await emitted);
				sent.on("error", () => {}).destroy();
			}
			for (const field of ["rawHeaders", "headers"]) {
				const sent = request("/half/1", { agent }).on("error", () => {});
				sent.end();
				const [response] = (await once(sent, "response")) as [
					import("node:http").IncomingMessage,
				];
				Object.defineProperty(response, field, { value: null });
				response.on("error", () => {}).resume();
				await once(response, "close");
				report(field);
			}
			agent.destroy();
		});
		expect(run.spans.length).toBeGreaterThan(5);
	});

	test("asks for a path that is no text, and an agent for a socket with what is no request", async ({
		http,
	}) => {
		const run = await compare(http, async ({ http, port, read, report }) => {
			for (const path of [5, ["/"], new URL("http://localhost/")] as never[]) {
				const sent = http.get({ port, path });
				report((await read(sent)).status);
			}
			const agent = new http.Agent({ keepAlive: true });
			const { createSocket } = agent as unknown as {
				createSocket(...args: unknown[]): void;
			};
			const made = await new Promise<import("node:net").Socket>((resolve) =>
				createSocket.call(
					agent,
					{ getHeader: () => undefined },
					{ port, host: "localhost" },
					(_: unknown, socket: never) => resolve(socket),
				),
			);
			report(made.writable);
			made.destroy();
		});
		expect(run.spans.map(({ attributes }) => attributes["url.full"])).toContain(
			`http://localhost:${http.port}/`,
		);
	});

	test("gives Node options that it refuses, or that throw when they are read", async ({
		http,
	}) => {
		await compare(http, async ({ net, dns, port, report, get }) => {
			const outcome = async (call: () => unknown): Promise<unknown> => {
				try {
					return typeof (await call());
				} catch (error) {
					const { code, message } = error as NodeJS.ErrnoException;
					return code ?? message;
				}
			};
			const connected = (...args: unknown[]) =>
				outcome(
					() =>
						new Promise((resolve, reject) => {
							const socket: import("node:net").Socket = Reflect.apply(
								net.connect,
								net,
								args,
							);
							socket.on("error", reject).on("connect", () => {
								socket.destroy();
								resolve("connected");
							});
						}),
				);
			const strict = (target: object) =>
				new Proxy(target, {
					get(_, key) {
						if (key in target) return Reflect.get(target, key);
						throw new Error(`no option ${String(key)}`);
					},
				});
			const host = "localhost";
			const odd = Symbol("odd");
			const lookup = (
				_: unknown,
				{ all }: { all?: boolean },
				done: (...results: unknown[]) => void,
			) =>
				all
					? done(null, [{ address: "127.0.0.1", family: 4 }])
					: done(null, "127.0.0.1", 4);
			for (const args of [
				[odd],
				[{ port: odd }],
				[{ port, host: 5 }],
				[{ port, host: {} }],
				[{ port, host: odd }],
				[{ port, host: "" }],
				[{ port, host, localAddress: odd }],
				[{ port, host, family: odd }],
				[{ port, host, family: odd, lookup }],
				[{ port, host, family: Object.create(null), lookup }],
				[{ port, host, hints: Object.create(null) }],
				[strict({ port, host })],
				[
					{
						host,
						get port() {
							throw new Error("no port");
						},
					},
				],
			])
				report(await connected(...args));
			for (const options of [
				odd,
				{ family: odd },
				{ hints: odd },
				{ family: Object.create(null) },
				strict({}),
			] as never[]) {
				report(
					await outcome(
						() => new Promise((resolve) => dns.lookup(host, options, resolve)),
					),
				);
				report(await outcome(() => dns.promises.lookup(host, options)));
			}
			report((await get("/")).status);
		});
	});

	test("keeps proxies that refuse to be read on its sockets", async ({
		http,
	}) => {
		const server = await startHttp2Server({});
		await compare(
			{ port: server.port, origin: `http://localhost:${server.port}` },
			async ({ net, http2, origin, port, answered, report }) => {
				const socket = net.connect(port, "localhost");
				const { proxy, revoke } = Proxy.revocable({}, {});
				revoke();
				Object.assign(socket, { context: proxy });
				const session = http2.connect(origin, {
					createConnection: () => socket,
				});
				report((await answered(session.request())).status);
				session.close();
			},
		);
		await server.close();
		// A connection of the program's own as well.
		await compare(http, async ({ net, port, once, report }) => {
			const socket = net.connect(port, "localhost");
			const { proxy, revoke } = Proxy.revocable({}, {});
			revoke();
			Object.assign(socket, { context: proxy });
			await once(socket.setNoDelay(true), "connect");
			report("connected");
			socket.destroy();
		});
	});

	test("emits the events of HTTP/2 itself", async () => {
		const server = await startHttp2Server({});
		await compare(
			{ port: server.port, origin: `http://localhost:${server.port}` },
			async ({ http2, origin, once, report }) => {
				const emit = (
					emitter: import("node:events").EventEmitter,
					...args: [string, ...unknown[]]
				) => {
					try {
						report(emitter.emit(...args));
					} catch (error) {
						// Listeners of Node's own take what they are given for granted.
						report(String(error));
					}
				};
				for (const event of ["goaway", "frameError", "timeout"]) {
					const session = http2.connect(origin).on("error", () => {});
					await once(session, "connect");
					emit(session, event);
					session.destroy();
				}
				const session = http2.connect(origin).on("error", () => {});
				for (const event of ["response", "frameError", "error", "headers"]) {
					const stream = session.request().on("error", () => {});
					emit(stream, event);
					emit(stream, event, null);
					stream.resume();
					await once(stream, "close");
				}
				session.close();
			},
		);
		await server.close();
	});

	for (const copy of COPIES)
		test(`tells a client of ${copy} an origin that is none`, async ({
			http,
		}) => {
			const run = (preload: "none" | "require") =>
				runScenario(
					http,
					async ({ origin, report, undici }) => {
						const client = new undici.Client(origin);
						const agent = new undici.Agent();
						for (const odd of ["odd", "http://[", origin, "odd"])
							for (const path of ["/", "http://odd:99999/"])
								for (const dispatcher of [client, agent]) {
									const sent = dispatcher.request({
										origin: odd,
										path,
										method: "GET",
									});
									report(
										await sent.then(
											({ statusCode, body }) =>
												body.dump().then(() => statusCode),
											({ code }) => code,
										),
									);
								}
						await Promise.all([client.close(), agent.close()]);
					},
					{ values: { undici: copy }, preload },
				);
			const [alone, traced] = await Promise.all([run("none"), run("require")]);
			expect(alone.reports).toContain(200);
			expect(traced.reports).toEqual(alone.reports);
			expect(traced.stderr).toBe("");
			expect(traced.exitCode).toBe(0);
			expect(requestsOf(traced.spans)).not.toEqual([]);
		});

	test("sends by undici-6 what is for no server, on a connection that is used again", async ({
		http,
	}) => {
		const run = await runScenario(
			http,
			async ({ origin, undici }) => {
				const client = new undici.Client(origin);
				for (const of of ["odd", origin]) {
					const sent = { origin: of, path: "/", method: "GET" } as const;
					const { body } = await client.request(sent as never);
					await body.dump();
				}
				await client.close();
			},
			{ values: { undici: "undici-6" } },
		);
		expect(http.connections).toHaveLength(1);
		expect(
			requestsOf(run.spans).map(
				({ attributes }) => attributes["conntrace.connection.reused"],
			),
		).toEqual([true]);
	});

	test("has other variables and another clock in place of those of the process", async ({
		http,
	}) => {
		const started = Date.now();
		const run = await compare(http, async ({ dns, get, report }) => {
			Object.defineProperty(globalThis, "performance", {
				value: { now: () => 5 },
			});
			const { env } = process;
			process.env = new Proxy(
				{},
				{
					get(_, key) {
						throw new Error(`no variable ${String(key)}`);
					},
				},
			);
			// More than there are threads for.
			const names = Array.from({ length: 8 }, () => "localhost");
			await Promise.all(names.map((name) => dns.promises.lookup(name)));
			const { status } = await get("/");
			process.env = env;
			report(status);
		});
		expect(run.spans.length).toBeGreaterThan(8);
		for (const { start } of run.spans)
			expect(Number(start) / 1e6).toBeGreaterThan(started - 1000);
	});
});

testWith(true)(
	"a socket that the program destroys while it looks at the certificate",
	async ({ server }) => {
		const run = await compare(
			server,
			async ({ tls, port, once, read, request, report }) => {
				const socket = tls.connect({
					port,
					host: "localhost",
					checkServerIdentity: () => void socket.destroy(),
				});
				await once(socket, "close");
				const sent = request("/", {
					agent: false,
					checkServerIdentity: () => void sent.destroy(),
				});
				sent.end();
				report(await read(sent).catch(({ code }) => code));
			},
		);
		expect(run.spans.length).toBeGreaterThan(2);
	},
);
