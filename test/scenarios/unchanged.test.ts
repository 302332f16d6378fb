import { describe, expect, inject } from "vitest";
import { compare, test } from "../support/scenario.js";
import type { TestServer } from "../support/server.js";
import { startServer } from "../support/server.js";

describe.concurrent("dns.lookup", () => {
	test("keeps its promisified form", async ({ http }) => {
		const run = await compare(http, async ({ dns, report }) => {
			const { promisify } = require("node:util");
			const lookup = promisify(dns.lookup);
			report(await lookup("127.0.0.1"));
			report(await lookup("127.0.0.1", { all: true }));
			report(await lookup("localhost", { family: 4 }));
		});
		expect(run.reports).toEqual([
			{ address: "127.0.0.1", family: 4 },
			[{ address: "127.0.0.1", family: 4 }],
			{ address: "127.0.0.1", family: 4 },
		]);
	});

	test("calls back in the turn in which the answer came", async ({ http }) => {
		const run = await compare(http, async ({ dns, report }) => {
			const { executionAsyncResource } = require("node:async_hooks");
			await new Promise<void>((resolve) =>
				dns.lookup("localhost", () => {
					report(executionAsyncResource().constructor.name);
					resolve();
				}),
			);
			await new Promise<void>((resolve) => {
				dns.lookup("127.0.0.1", () => report("lookup of an address"));
				process.nextTick(() => report("next tick"));
				setImmediate(resolve);
			});
		});
		expect(run.reports).toEqual([
			"GetAddrInfoReqWrap",
			"lookup of an address",
			"next tick",
		]);
	});

	test("takes and refuses the same arguments", async ({ http }) => {
		await compare(http, async ({ dns, report }) => {
			for (const lookup of [dns.lookup, dns.promises.lookup] as ((
				...values: unknown[]
			) => unknown)[]) {
				for (const values of [
					[1, () => {}],
					["localhost"],
					["localhost", { family: 5 }, () => {}],
					["localhost", 4, "no function"],
					["localhost", { hints: 1.5 }, () => {}],
				]) {
					try {
						const result = lookup(...values);
						if (result instanceof Promise) result.catch(() => {});
						report(typeof result);
					} catch (error) {
						const { code, message } = error as NodeJS.ErrnoException;
						report([code, message]);
					}
				}
			}
		});
	});

	test("gives every form of answer", async ({ http }) => {
		await compare(http, async ({ dns, report }) => {
			const forms = [
				{},
				4,
				{ all: true },
				{ family: 4 },
				{ order: "ipv4first" },
			];
			for (const options of forms as { family: number }[]) {
				await new Promise<void>((resolve) =>
					dns.lookup("localhost", options, (...values: unknown[]) => {
						report(values);
						resolve();
					}),
				);
				report(await dns.promises.lookup("localhost", options));
			}
			const byCallback = new Promise((_, reject) =>
				dns.lookup("nonexistent.invalid", (...values: unknown[]) =>
					reject(Object.assign(values[0] as Error, { count: values.length })),
				),
			);
			const describe = (error: object) =>
				report({ ...error, message: (error as Error).message });
			await byCallback.catch(describe);
			await dns.promises.lookup("nonexistent.invalid").catch(describe);
		});
	});
});

describe.concurrent("asynchronous context", () => {
	test("is the caller's in every callback", async ({ https }) => {
		const run = await compare(
			https,
			async ({ net, tls, dns, client, origin, port, report }) => {
				const { AsyncLocalStorage } = require("node:async_hooks");
				const storage = new AsyncLocalStorage();
				const seen: Record<string, unknown> = {};
				const within = (name: string, act: (done: () => void) => void) =>
					new Promise<void>((resolve) =>
						storage.run(name, () =>
							act(() => {
								seen[name] = storage.getStore();
								resolve();
							}),
						),
					);
				await within("net callback", (done) => {
					const socket = net.connect(port, "localhost", () => {
						socket.destroy();
						done();
					});
				});
				await within("net event", (done) => {
					const socket = net.connect(port, "localhost");
					socket.on("connect", () => {
						socket.destroy();
						done();
					});
				});
				await within("net error", (done) => {
					net.connect(1, "127.0.0.1").on("error", () => done());
				});
				await within("tls callback", (done) => {
					const socket = tls.connect({ port, host: "localhost" }, () => {
						socket.destroy();
						done();
					});
				});
				await within("lookup callback", (done) =>
					dns.lookup("localhost", done),
				);
				await within("lookup promise", (done) =>
					dns.promises.lookup("localhost").then(done),
				);
				await within("lookup option", (done) => {
					const socket = net.connect({
						port,
						host: "localhost",
						lookup: (name, options, callback) => {
							done();
							dns.lookup(name, options as object, callback as never);
						},
					});
					socket.on("connect", () => socket.destroy());
				});
				const agent = new client.Agent({ keepAlive: true, maxSockets: 1 });
				await Promise.all(
					["first response", "queued response"].map((name) =>
						within(name, (done) => {
							client.get(`${origin}/delay/20`, { agent }, (response) =>
								response.resume().on("end", done),
							);
						}),
					),
				);
				await within("reused response", (done) => {
					client.get(origin, { agent }, (response) =>
						response.resume().on("end", done),
					);
				});
				agent.destroy();
				report(seen);
			},
		);
		const [seen] = run.reports as Record<string, string>[];
		expect(Object.keys(seen ?? {})).toHaveLength(10);
		expect(Object.values(seen ?? {})).toEqual(Object.keys(seen ?? {}));
	});
});

describe.concurrent("on the wire", () => {
	test("headers keep their case, order and number", async ({ https }) => {
		await compare(https, async ({ request, read, client, report }) => {
			const agent = new client.Agent({ keepAlive: false });
			const first = request("/", {
				agent,
				headers: { "X-CamelCase": "1", ACCEPT: "*/*", "x-many": ["1", "2"] },
			});
			first.setHeader("X-Set-Later", "yes");
			first.end();
			report(await read(first).then(({ status }) => status));
			const second = request("/", {
				agent,
				headers: [
					...["Host", "localhost"],
					...["X-Raw", "a", "x-raw", "b"],
				] as never,
			});
			second.end();
			report(await read(second).then(({ status }) => status));
		});
		const [alone, aloneRaw, traced, tracedRaw] = https.requests;
		expect(alone?.rawHeaders).toEqual(
			expect.arrayContaining(["X-CamelCase", "ACCEPT", "X-Set-Later"]),
		);
		expect(aloneRaw?.rawHeaders).toEqual(
			expect.arrayContaining(["X-Raw", "a", "x-raw", "b"]),
		);
		expect(traced?.rawHeaders).toEqual(alone?.rawHeaders);
		expect(tracedRaw?.rawHeaders).toEqual(aloneRaw?.rawHeaders);
	});

	test("the server's certificate can be read as often as the program likes", async ({
		https,
	}) => {
		const run = await compare(
			https,
			async ({ https, tls, origin, port, report }) => {
				const socket = tls.connect(port, "localhost");
				await new Promise((resolve) => socket.on("secureConnect", resolve));
				for (let time = 1; time <= 2; time++) {
					report(socket.getPeerCertificate().subject.CN);
					report(socket.getPeerCertificate(true).fingerprint256);
				}
				report([socket.getCipher(), socket.getProtocol()]);
				socket.destroy();
				const { TLSSocket } = tls;
				await new Promise<void>((resolve) =>
					https.get(origin, { agent: false }, (response) => {
						if (response.socket instanceof TLSSocket)
							report(response.socket.getPeerCertificate().subject.CN);
						response.resume().on("end", resolve);
					}),
				);
			},
		);
		expect(run.reports[0]).toBe("localhost");
		expect(run.reports.at(-1)).toBe("localhost");
	});

	test("a name is sent in the handshake only where it was", async () => {
		const server = await startServer({
			host: "127.0.0.1",
			certificate: inject("certificate"),
		});
		await compare(server, async ({ https, tls, port, report }) => {
			const requests = [
				{ host: "127.0.0.1" },
				{ host: "localhost" },
				{ host: "127.0.0.1", servername: "localhost" },
				{ host: "127.0.0.1", headers: { host: "localhost" } },
				{ host: "localhost", servername: "" },
			];
			for (const options of requests) {
				await new Promise<void>((resolve) =>
					https
						.get({ port, agent: false, ...options }, (response) =>
							response.resume().on("end", resolve),
						)
						.on("error", ({ code }: NodeJS.ErrnoException) => {
							report(code);
							resolve();
						}),
				);
			}
			const socket = tls.connect({ port, host: "127.0.0.1" });
			await new Promise((resolve) => socket.on("secureConnect", resolve));
			socket.destroy();
			report("done");
		});
		await server.close();
		const half = server.serverNames.length / 2;
		expect(half).toBeGreaterThan(3);
		expect(server.serverNames[0]).toBe(false);
		expect(server.serverNames.slice(half)).toEqual(
			server.serverNames.slice(0, half),
		);
	});
});

test("requests over a path of the file system", async ({ http }) => {
	const run = await compare(http, async ({ http, get, report }) => {
		const { join } = require("node:path");
		const { mkdtempSync, rmSync } = require("node:fs");
		const directory = mkdtempSync(join(require("node:os").tmpdir(), "socket-"));
		const socketPath = join(directory, "s");
		const server = http.createServer((_, response) => response.end("ok"));
		await new Promise<void>((resolve) => server.listen(socketPath, resolve));
		const agent = new http.Agent({ keepAlive: true });
		for (let call = 1; call <= 2; call++)
			report(await get("/", { agent, socketPath }));
		agent.destroy();
		server.close();
		rmSync(directory, { recursive: true });
	});
	expect(run.reports).toHaveLength(2);
});

for (const protocol of ["http", "https"] as const) {
	describe.concurrent(`a program that looks closely at ${protocol}`, () => {
		const target = (servers: { http: TestServer; https: TestServer }) =>
			servers[protocol];

		test("counts the same listeners", async ({ http, https }) => {
			const server = target({ http, https });
			await compare(server, async ({ client, origin, port, report, sleep }) => {
				const agent = new client.Agent({ keepAlive: true });
				const listeners = (emitter: NodeJS.EventEmitter) =>
					emitter
						.eventNames()
						.map((name) => `${String(name)} ${emitter.listenerCount(name)}`)
						.toSorted();
				report(["agent", listeners(agent)]);
				for (let call = 1; call <= 2; call++) {
					const request = client.get(`${origin}/`, { agent });
					report(["request made", listeners(request)]);
					const socket = await new Promise<NodeJS.EventEmitter>((resolve) =>
						request.on("socket", (socket) => {
							report(["assigned", listeners(request), listeners(socket)]);
							resolve(socket);
						}),
					);
					await new Promise<void>((resolve) =>
						request.on("response", (response) => {
							report([
								"response",
								listeners(request),
								listeners(socket),
								listeners(response),
							]);
							response.resume();
							response.on("end", resolve);
						}),
					);
					await sleep(10);
					report(["idle", listeners(request), listeners(socket)]);
				}
				agent.destroy();
				const net = require("node:net");
				const raw = net.connect(port, "localhost");
				report(["connecting", listeners(raw)]);
				await new Promise((resolve) => raw.on("connect", resolve));
				report(["connected", listeners(raw)]);
				raw.destroy();
				const failing = net.connect(1, "127.0.0.1");
				report([
					"failing",
					listeners(failing),
					failing.listeners("error").length,
				]);
				failing.on("error", () => {});
			});
		});

		test("sees the same events in the same order", async ({ http, https }) => {
			const server = target({ http, https });
			await compare(server, async ({ client, origin, report, sleep }) => {
				const agent = new client.Agent({ keepAlive: true });
				// How the events of several emitters interleave depends on the network.
				const watch = (emitter: NodeJS.EventEmitter, events: string[]) => {
					const seen: string[] = [];
					for (const event of events) emitter.on(event, () => seen.push(event));
					return seen;
				};
				for (const path of ["/", "/read", "/close"]) {
					const request = client.request(origin + path, {
						agent,
						method: "POST",
					});
					const order = ["made"];
					process.nextTick(() => order.push("next tick"));
					const requestSeen = watch(request, [
						...["socket", "finish", "close", "error", "timeout"],
					]);
					let socketSeen: string[] = [];
					let responseSeen: string[] = [];
					request.on("socket", (socket) => {
						order.push("socket");
						if (request.reusedSocket) return;
						socketSeen = watch(socket, [
							...["lookup", "connectionAttempt", "connect", "ready"],
							...["secureConnect", "free"],
						]);
					});
					request.on("response", (response) => {
						responseSeen = watch(response, ["end", "close", "aborted"]);
						response.resume();
					});
					request.end("body");
					await new Promise((resolve) => request.on("close", resolve));
					await sleep(20);
					report([order, requestSeen, socketSeen, responseSeen]);
					report(request.reusedSocket);
				}
				agent.destroy();
			});
		});

		test("finds the same functions, classes and agents", async ({
			http,
			https,
		}) => {
			const server = target({ http, https });
			const run = await compare(
				server,
				({ http, https, net, tls, dns, report }) => {
					const modules = {
						http,
						https,
						net,
						tls,
						dns,
						promises: dns.promises,
					};
					for (const [name, module] of Object.entries(modules)) {
						for (const [key, value] of Object.entries(module)) {
							if (typeof value !== "function") continue;
							report([
								...[name, key, value.name, value.length],
								Object.getOwnPropertyNames(value).toSorted(),
							]);
						}
					}
					for (const Class of [
						...[http.Agent, https.Agent, http.ClientRequest],
						...[net.Socket, tls.TLSSocket, http.IncomingMessage],
					]) {
						const described = Object.getOwnPropertyDescriptors(Class.prototype);
						// The agent observes events by overriding emit, which leaves the lists of listeners alone.
						report(
							Object.entries(described)
								.filter(([key]) => key !== "emit")
								.map(([key, descriptor]) => [
									...[key, descriptor.enumerable, descriptor.configurable],
									...[descriptor.writable, descriptor.value?.name],
									...[descriptor.value?.length],
									typeof descriptor.value === "function" && [
										...Object.getOwnPropertyNames(descriptor.value),
										descriptor.value.prototype?.constructor ===
											descriptor.value,
									],
								]),
						);
					}
					for (const { globalAgent } of [http, https]) {
						report([(globalAgent as { options?: unknown }).options]);
						report(globalAgent.constructor.name);
						report([(globalAgent as { keepAlive?: unknown }).keepAlive]);
					}
					const request = http.request({ host: "localhost", port: 1 });
					request.on("error", () => {});
					report(Object.keys(request));
					const socket = new net.Socket();
					report(Object.keys(socket));
					report(http.request === require("node:http").request);
				},
			);
			expect(run.reports).toContainEqual([true]);
		});

		test("is kept running by the same things", async ({ http, https }) => {
			const server = target({ http, https });
			await compare(server, async ({ client, get, report, sleep }) => {
				const agent = new client.Agent({ keepAlive: true });
				await get("/", { agent });
				await sleep(10);
				report(process.getActiveResourcesInfo().toSorted());
				agent.destroy();
				await sleep(10);
				report(process.getActiveResourcesInfo().toSorted());
			});
		});

		test("gets the same errors", async ({ http, https }) => {
			const server = target({ http, https });
			await compare(server, async ({ client, origin, net, report, get }) => {
				const attempt = (act: () => unknown) => {
					try {
						act();
						report("nothing was thrown");
					} catch (error) {
						const { name, code, message } = error as NodeJS.ErrnoException;
						report([name, code, message]);
					}
				};
				attempt(() => client.request("ftp://localhost/"));
				attempt(() => client.request("no url"));
				attempt(() => client.request(`${origin}/a b`, { path: "/a b" }));
				attempt(() => client.request(origin, { method: "B AD" }));
				attempt(() => client.request(origin, { agent: "none" as never }));
				attempt(() => client.request(origin, { headers: { "b ad": "1" } }));
				attempt(() => net.connect({ port: 70_000 }));
				attempt(() => net.connect({ port: 1, lookup: 1 as never }));
				attempt(() => new net.Socket().connect({} as never));
				for (const path of ["/drop", "/drop-rst", "/half/5"]) {
					await get(path, { agent: false }).catch((error) =>
						report([error.name, error.message, { ...error }]),
					);
				}
				await new Promise<void>((resolve) =>
					client
						.get({ host: "127.0.0.1", port: 1, agent: false })
						.on("error", (error) => {
							report([error.name, error.message, { ...error }]);
							resolve();
						}),
				);
			});
		});
	});
}
