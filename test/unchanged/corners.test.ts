import { describe, expect } from "vitest";
import { exportingTo, startCollector } from "../support/collector.js";
import {
	compare,
	describeBoth,
	runScenario,
	test,
} from "../support/scenario.js";

describe.concurrent("a program that changes what it was given", () => {
	test("has a domain, which replaces the emit of all emitters", async ({
		http,
	}) => {
		const run = await compare(http, async ({ load, request, report, once }) => {
			const domain = await load<typeof import("node:domain")>("node:domain");
			const own = domain.create();
			own.on("error", (error) => report(["handled", error.message]));
			const refused = request("/", { agent: false, port: 1 });
			own.add(refused);
			refused.end();
			await once(refused, "close");
			const thrown = request("/", { agent: false });
			own.add(thrown);
			thrown.on("response", () => {
				throw new Error("of a listener");
			});
			thrown.end();
			await once(own, "error");
		});
		expect(run.reports).toHaveLength(2);
	});

	test("sees the events of sockets and responses by an emit of its own", async ({
		http,
	}) => {
		const run = await compare(http, async ({ load, get, report }) => {
			const { EventEmitter } =
				await load<typeof import("node:events")>("node:events");
			const { emit } = EventEmitter.prototype;
			const seen = new Set<string>();
			EventEmitter.prototype.emit = function (event, ...args) {
				seen.add(`${this.constructor.name} ${String(event)}`);
				return emit.call(this, event, ...args);
			};
			await get("/", { agent: false });
			EventEmitter.prototype.emit = emit;
			report([...seen].filter((name) => name !== "Socket resume").sort());
		});
		expect(run.reports[0]).toEqual(
			expect.arrayContaining(["ClientRequest response", "Socket connect"]),
		);
	});

	test("runs all timers that there are, by a clock of its own", async ({
		http,
	}) => {
		const run = await compare(http, async ({ get, report, sleep }) => {
			const timers = { setTimeout, clearTimeout };
			let started = 0;
			const refresh = () => fake;
			const fake = { ref: refresh, unref: refresh, refresh };
			Object.assign(globalThis, {
				setTimeout: () => {
					started += 1;
					return fake;
				},
				clearTimeout: () => {},
			});
			await get("/");
			await get("/", { agent: false });
			Object.assign(globalThis, timers);
			await sleep(20);
			report(started);
		});
		expect(run.reports).toEqual([0]);
	});

	test("steers all clocks and what is random by hand", async ({ http }) => {
		const run = await compare(http, async ({ get, dns, report, sleep }) => {
			const calls: string[] = [];
			const fake = (owner: object, name: string) => {
				Object.defineProperty(owner, name, {
					configurable: true,
					value: () => {
						calls.push(name);
						return 0;
					},
				});
			};
			const { now } = Date;
			for (const name of ["now", "timeOrigin", "mark"]) fake(performance, name);
			for (const name of ["cpuUsage", "hrtime", "uptime", "memoryUsage"])
				fake(process, name);
			fake(Math, "random");
			fake(Date, "now");
			await get("/");
			await get("/");
			await get("/", { agent: false });
			await dns.promises.lookup("localhost");
			await sleep(20);
			report(calls);
			Object.assign(Date, { now });
		});
		expect(run.reports).toEqual([[]]);
		expect(run.spans.length).toBeGreaterThan(0);
		for (const { start, end } of run.spans) expect(end > start).toBe(true);
	});

	for (const output of ["a file", "a collector"])
		test(`has put functions in the place of Node's, with ${output}`, async ({
			http,
		}) => {
			const collector = await startCollector();
			await compare(
				http,
				async ({ get, dns, report, sleep }) => {
					const calls: string[] = [];
					for (const name of [
						...["net", "tls", "fs", "crypto", "zlib", "os", "util"],
						...["dns", "http", "https", "http2", "url", "timers", "tty"],
					]) {
						const module = require(`node:${name}`);
						for (const key of Object.keys(module)) {
							const value = Object.getOwnPropertyDescriptor(module, key)?.value;
							// A class is no function that is called.
							if (typeof value !== "function" || /^[A-Z]/.test(key)) continue;
							module[key] = function (...args: unknown[]) {
								calls.push(`${name}.${key}`);
								return value.apply(this, args);
							};
						}
					}
					await get("/");
					await get("/");
					await get("/", { agent: false });
					await dns.promises.lookup("localhost");
					await sleep(50);
					await get("/", { agent: false });
					process.on("exit", () => report(calls.toSorted()));
				},
				{
					environment:
						output === "a file"
							? {}
							: {
									CONNTRACE_FILE: "",
									...exportingTo(collector.origin),
									...{ OTEL_LOG_LEVEL: "warn", OTEL_BSP_SCHEDULE_DELAY: "5" },
								},
				},
			);
			await collector.close();
		});

	test("has taken away all that is global", async ({ http }) => {
		const [alone, traced] = await Promise.all(
			(["none", "require"] as const).map((preload) =>
				runScenario(
					http,
					async ({ client, net, origin, port, report }) => {
						const world = globalThis;
						const globals = Object.getOwnPropertyDescriptors(world);
						const { defineProperties, defineProperty } = Object;
						const names = Object.keys(globals).filter(
							// Node's own fetch needs it, in some versions before it is used.
							(name) => globals[name]?.configurable && name !== "WebAssembly",
						);
						for (const name of names)
							defineProperty(world, name, {
								configurable: true,
								value: undefined,
							});
						let left = 2;
						const done = () => {
							left -= 1;
							if (left === 0) {
								defineProperties(world, globals);
								report("done");
							}
						};
						client.get(origin, { agent: false }, (response) =>
							response.resume().on("close", done),
						);
						const socket = net.connect(port, "localhost", () =>
							socket.destroy(),
						);
						socket.on("close", done);
					},
					{ preload },
				),
			),
		);
		expect(alone).toMatchObject({ reports: ["done"], stderr: "", exitCode: 0 });
		expect(traced).toMatchObject({ reports: ["done"], exitCode: 0 });
		// It says no more than that.
		expect(traced?.stderr ?? "").toMatch(/^(conntrace: .*\n( +at .*\n)*)*$/);
	});

	test("counts what promises are waited for", async ({ http }) => {
		const run = await compare(http, async ({ dns, get, report }) => {
			const { then } = Promise.prototype;
			let calls = 0;
			// biome-ignore lint/suspicious/noThenProperty: what the test is about
			Promise.prototype.then = function (...args) {
				calls += 1;
				return Reflect.apply(then, this, args);
			};
			const answer = dns.promises.lookup("localhost");
			const refused = dns.promises.lookup("name.invalid").catch(() => {});
			const request = get("/", { agent: false });
			// biome-ignore lint/suspicious/noThenProperty: what the test is about
			Promise.prototype.then = then;
			await Promise.all([answer, refused, request]);
			report(calls);
		});
		// By its `catch`, and by its function that is asynchronous.
		expect(run.reports).toEqual([2]);
	});

	for (const what of ["no", "a computed", "a fixed", "a frozen"])
		test(`has ${what} limit of stack traces`, async ({ http }) => {
			await compare(
				http,
				async ({ get, request, read, report, values }) => {
					if (values === "no") Reflect.deleteProperty(Error, "stackTraceLimit");
					else if (values === "a frozen") Object.freeze(Error);
					else
						Object.defineProperty(Error, "stackTraceLimit", {
							configurable: values === "a computed",
							...(values === "a computed" ? { get: () => 5 } : { value: 3 }),
						});
					const describe = () =>
						["stackTraceLimit", "prepareStackTrace"].map((name) => {
							const { get, ...described } =
								Object.getOwnPropertyDescriptor(Error, name) ?? {};
							return [name, String(get), described];
						});
					report(describe());
					await get("/");
					const sent = request("/");
					sent.end();
					await read(sent);
					// Why an idle connection is closed is asked of the stack.
					sent.socket?.destroy();
					report(describe());
					await get("/");
				},
				{ values: what },
			);
		});

	test("has methods called on something else", async ({ http }) => {
		await compare(
			http,
			async ({
				http: { ClientRequest, IncomingMessage },
				net,
				get,
				report,
			}) => {
				const outcome = (call: () => unknown): unknown => {
					try {
						return call();
					} catch (error) {
						return String(error);
					}
				};
				for (const Class of [net.Socket, ClientRequest, IncomingMessage])
					for (const owner of [5, "text", null, undefined, {}, () => {}])
						for (const event of ["data", "end", "close"])
							report(
								outcome(() =>
									Reflect.apply(Class.prototype.emit, owner, [event]),
								),
							);
				for (const req of ["text", null, 5, {}]) {
					const message = Object.assign(
						new IncomingMessage(null as unknown as import("node:net").Socket),
						{ req },
					);
					message.push(null);
					await new Promise((resolve) => message.resume().once("end", resolve));
				}
				await get("/", { agent: false });
			},
		);
	});
});

describeBoth("methods that a program puts on its own objects", ({ test }) => {
	test("are called by Node alone", async ({ server }) => {
		const run = await compare(
			server,
			async ({ client, request, read, report, once }) => {
				const calls: Record<string, number> = {};
				/** Puts in the place of what the object inherits what counts its calls. */
				const watch = (owner: object) => {
					const methods = owner as Record<string, unknown>;
					for (const name of [
						...["getHeader", "getHeaders", "hasHeader", "listenerCount"],
						...["listeners", "getPeerCertificate", "getPeerX509Certificate"],
						...["getCipher", "getProtocol", "isSessionReused", "getSession"],
						...["address", "getPeerFinished", "getEphemeralKeyInfo"],
						...["keepSocketAlive", "reuseSocket", "createSocket", "destroy"],
					]) {
						const inherited = methods[name];
						if (typeof inherited !== "function") continue;
						const key = `${owner.constructor.name} ${name}`;
						methods[name] = function (...args: unknown[]) {
							calls[key] = (calls[key] ?? 0) + 1;
							return inherited.apply(this, args);
						};
					}
				};
				const agent = new client.Agent({ keepAlive: true, maxSockets: 1 });
				watch(agent);
				const send = async () => {
					const sent = request("/", {
						agent,
						method: "POST",
						headers: { "x-amz-target": "DynamoDB_20120810.PutItem" },
					});
					watch(sent);
					sent.once("socket", (socket) => {
						if (!sent.reusedSocket) watch(socket);
					});
					sent.once("response", watch);
					sent.end('{"TableName":"table"}');
					await read(sent);
				};
				await send();
				await Promise.all([send(), send()]);
				const sent = request("/", { agent });
				sent.once("socket", () => agent.destroy());
				sent.once("error", () => {});
				await once(sent, "close");
				report(calls);
			},
		);
		expect(Object.keys(run.reports[0] as object)).toContain(
			"Agent createSocket",
		);
	});
});

describeBoth("a closed socket", ({ test }) => {
	test("has forgotten the addresses that nobody asked for", async ({
		server,
	}) => {
		await compare(server, async ({ request, read, report, once }) => {
			const asked = request("/", { agent: false });
			const closed = once(asked, "close");
			asked.end();
			await read(asked);
			await closed;
			const { socket } = asked;
			if (socket && !socket.destroyed) await once(socket, "close");
			report([
				socket?.remoteAddress,
				socket?.remotePort,
				socket?.remoteFamily,
				socket && ["_peername", "_sockname"].filter((key) => key in socket),
			]);
		});
	});
});

describe.concurrent("a signal ends a program that has replaced", () => {
	for (const replaced of ["kill", "pid", "listenerCount", "listeners"] as const)
		for (const preload of [undefined, "none"] as const)
			test(`its ${replaced}, with ${preload ?? "the agent"}`, async ({
				http,
			}) => {
				const run = await runScenario(
					http,
					async ({ get, values, sleep }) => {
						await get("/", { agent: false });
						const { kill, pid } = process;
						if (values === "listeners") {
							process.removeAllListeners();
							process.on("SIGTERM", () => {});
						} else {
							const value = {
								kill: () => true,
								pid: 1e9,
								listenerCount: () => 1,
							};
							Object.defineProperty(process, values, {
								value: value[values],
								configurable: true,
							});
						}
						kill.call(process, pid, "SIGTERM");
						await sleep(5000);
					},
					{ values: replaced, ...(preload && { preload }) },
				);
				expect(run.signal).toBe("SIGTERM");
			});
});
