import { describe, expect } from "vitest";
import { compare, test } from "../support/scenario.js";

describe.concurrent("errors", () => {
	test("are the very objects that the program gave", async ({ https }) => {
		const run = await compare(
			https,
			async ({ client, net, tls, dns, origin, port, report, once }) => {
				const mine = new Error("the program's own");
				const isMine = (what: string, error: unknown) =>
					report([what, error === mine]);
				const failing = async (
					what: string,
					make: () => NodeJS.EventEmitter,
					act: (emitter: NodeJS.EventEmitter) => unknown = () => {},
				) => {
					const emitter = make();
					act(emitter);
					const [error] = await once(emitter, "error");
					isMine(what, error);
				};
				const never = () => client.get(`${origin}/never`, { agent: false });
				await failing("request.destroy", never, (request) =>
					(request as ReturnType<typeof never>).destroy(mine),
				);
				await failing("socket.destroy under a request", never, (request) =>
					request.once("socket", (socket) =>
						socket.once("connect", () => socket.destroy(mine)),
					),
				);
				const request = client.get(`${origin}/half/20`, { agent: false });
				request.on("error", () => {});
				const [response] = await once(request, "response");
				await failing(
					"response.destroy",
					() => response as NodeJS.EventEmitter,
					(emitter) =>
						(emitter as unknown as { destroy(error: Error): void }).destroy(
							mine,
						),
				);
				const lookup = (_: string, __: unknown, callback: CallableFunction) =>
					process.nextTick(callback, mine);
				const unresolved = { port, host: "unresolved.test", lookup };
				await failing("lookup of a socket", () =>
					net.connect(unresolved as never),
				);
				await failing("lookup of a TLS socket", () =>
					tls.connect(unresolved as never),
				);
				await failing("lookup of a request", () =>
					client.get({ ...unresolved, agent: false } as never),
				);
				await failing("createConnection", () =>
					client.get(origin, {
						createConnection: (_, done) => {
							process.nextTick(done as CallableFunction, mine);
							return undefined;
						},
					}),
				);
				await failing("thrown by createConnection", () =>
					client.get(origin, {
						createConnection: () => {
							throw mine;
						},
					}),
				);
				await failing("checkServerIdentity", () =>
					tls.connect({
						port,
						host: "localhost",
						checkServerIdentity: () => mine,
					}),
				);
				const thrown = (what: string, act: () => unknown) => {
					try {
						act();
						report([what, "nothing was thrown"]);
					} catch (error) {
						isMine(what, error);
					}
				};
				const throws = () => {
					throw mine;
				};
				thrown("thrown by lookup", () =>
					net.connect({ port, host: "localhost", lookup: throws }),
				);
				thrown("thrown by a listener", () => {
					const socket = new net.Socket();
					socket.on("timeout", throws);
					socket.emit("timeout");
				});
				thrown("thrown by an agent", () => {
					const agent = new client.Agent();
					agent.getName = throws;
					client.get(origin, { agent });
				});
				const uncaught = async (what: string, act: () => unknown) => {
					const caught = new Promise((resolve) =>
						process.once("uncaughtException", resolve),
					);
					act();
					isMine(what, await caught);
				};
				await uncaught("thrown in the callback of dns.lookup", () =>
					dns.lookup("localhost", throws),
				);
				await uncaught("thrown in a connect callback", () =>
					net
						.connect(port, "localhost", throws)
						.on("connect", function (this: NodeJS.WritableStream) {
							this.end();
						}),
				);
				await uncaught("thrown in a response listener", () =>
					client.get(origin, { agent: false }, throws),
				);
				for (const reason of [mine, undefined]) {
					const controller = new AbortController();
					const aborted = client.get(`${origin}/never`, {
						signal: controller.signal,
					});
					controller.abort(reason);
					const [error] = await once(aborted, "error");
					isMine("cause of an aborted request", (error as Error).cause);
				}
				const controller = new AbortController();
				const fetched = fetch(`${origin}/never`, {
					signal: controller.signal,
				});
				controller.abort(mine);
				isMine("abort of fetch", await fetched.catch((error) => error));
			},
		);
		expect(run.reports).toHaveLength(18);
		expect(run.reports).not.toContainEqual([
			expect.anything(),
			"nothing was thrown",
		]);
	});

	test("have the stacks that they have", async ({ https }) => {
		const run = await compare(
			https,
			async ({ client, net, tls, dns, origin, port, report, once }) => {
				Error.stackTraceLimit = 100;
				const stackOf = (what: string, error: unknown) =>
					report([
						what,
						(error as Error).stack
							?.split("\n")
							.filter((line) => !line.includes("register.js"))
							// V8 names the property that a function was called by, which is another one.
							.map((line) => line.replace(" [as callback]", "")),
					]);
				const emitted = async (what: string, emitter: NodeJS.EventEmitter) =>
					stackOf(what, (await once(emitter, "error"))[0]);
				const refused = { host: "127.0.0.1", port: 1 };
				await emitted("refused socket", net.connect(refused));
				await emitted("refused TLS socket", tls.connect(refused));
				await emitted("refused request", client.get(refused));
				await emitted("no address", net.connect(port, "nonexistent.invalid"));
				await emitted(
					"dropped",
					client.get(`${origin}/drop`, { agent: false }),
				);
				const destroyed = client.get(`${origin}/never`, { agent: false });
				destroyed.destroy();
				await emitted("destroyed", destroyed);
				const untrusted = { port, host: "localhost", ca: "" };
				await emitted("untrusted", tls.connect({ ...untrusted, ca: [] }));
				const thrown = (what: string, act: () => unknown) => {
					try {
						act();
						report([what, "nothing was thrown"]);
					} catch (error) {
						stackOf(what, error);
					}
				};
				thrown("bad port", () => net.connect({ port: 70_000 }));
				thrown("bad protocol", () => client.get("ftp://localhost/"));
				thrown("bad lookup", () => dns.lookup(1 as never, () => {}));
				thrown("bad agent", () => client.get(origin, { agent: 1 as never }));
				thrown("own", () =>
					net.connect({
						port,
						host: "localhost",
						lookup: function ownLookup() {
							throw new Error("own");
						},
					}),
				);
				await new Promise<void>((resolve) =>
					dns.lookup("localhost", function ownCallback() {
						stackOf("in the callback of dns.lookup", new Error("own"));
						resolve();
					}),
				);
				const request = client.get(origin, { agent: false });
				request.on("response", function ownListener(response) {
					stackOf("in a response listener", new Error("own"));
					response.resume();
				});
				await once(request, "close");
				await dns.promises
					.lookup("nonexistent.invalid")
					.catch((error) => stackOf("promised lookup", error));
			},
		);
		expect(run.reports.length).toBe(15);
		for (const [what, stack] of run.reports as [string, string[]][])
			expect(stack, what).toBeInstanceOf(Array);
	});

	test("are formatted by the program's own function, for the program's errors alone", async ({
		http,
	}) => {
		await compare(http, async ({ client, get, report, net, once, port }) => {
			const formatted: string[] = [];
			Error.prepareStackTrace = (error, sites) => {
				formatted.push(error.message);
				return String(sites.length > 0);
			};
			const { prepareStackTrace } = Error;
			const agent = new client.Agent({ keepAlive: true });
			await get("/", { agent });
			for (const socket of Object.values(agent.freeSockets).flat())
				socket?.destroy();
			await get("/fin/10", { agent });
			const socket = net.connect(port, "localhost");
			await once(socket, "connect");
			socket.destroy();
			agent.destroy();
			report(new Error("the program's own").stack);
			report(formatted);
			report([
				Error.prepareStackTrace === prepareStackTrace,
				Error.stackTraceLimit,
			]);
			Reflect.deleteProperty(Error, "prepareStackTrace");
		});
	});
});
