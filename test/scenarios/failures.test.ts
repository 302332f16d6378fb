import type { RequestOptions } from "node:https";
import type { Socket } from "node:net";
import { describe, expect } from "vitest";
import {
	test as base,
	describeBoth,
	story,
	trace,
} from "../support/scenario.js";
import { refusingPort, startSilentServer } from "../support/server.js";
import {
	childrenOf,
	errorsOf,
	isReused,
	named,
	only,
	phasesOf,
	setupOf,
} from "../support/spans.js";

describeBoth("a request for which Node refuses to connect", ({ test }) => {
	test("fails at once, before the program has it", async ({ server }) => {
		const run = await trace(server, async ({ client, request, report }) => {
			const agent = new client.Agent({ keepAlive: true });
			const failing = Object.assign(new client.Agent(), {
				createConnection(): never {
					throw Object.assign(new Error(), { code: "OF_THE_PROGRAM" });
				},
			});
			const refused: RequestOptions[] = [
				{ agent, localAddress: "nowhere" },
				{ agent, localPort: "none" as unknown as number },
				{ agent: failing },
			];
			for (const options of refused) {
				try {
					request("/", options);
				} catch (error) {
					report((error as NodeJS.ErrnoException).code);
				}
			}
		});
		expect(run.reports).toEqual([
			"ERR_INVALID_IP_ADDRESS",
			"ERR_INVALID_ARG_TYPE",
			"OF_THE_PROGRAM",
		]);
		expect(
			[...run.requests, ...named(run.spans, "connection.setup")].map(
				({ attributes, error }) => [error, attributes["error.type"]],
			),
		).toEqual([
			[true, "ERR_INVALID_IP_ADDRESS"],
			[true, "_OTHER"],
			[true, "_OTHER"],
			[true, "ERR_INVALID_IP_ADDRESS"],
			[true, "_OTHER"],
		]);
		for (const { attributes } of run.requests)
			expect(attributes).not.toHaveProperty("conntrace.unfinished");
	});
});

describeBoth("a request to a port that is none", ({ test }) => {
	test("is thrown at the program and never was one", async ({ server }) => {
		const run = await trace(server, async ({ client, get, report }) => {
			const agents = [false, client.globalAgent, new client.Agent()] as const;
			for (const port of [65_536, 70_000, -1, 1.5, "seven"]) {
				for (const agent of agents) {
					try {
						client.request({ port, agent });
					} catch (error) {
						report((error as NodeJS.ErrnoException).code);
					}
				}
			}
			await get("/");
		});
		expect(new Set(run.reports)).toEqual(new Set(["ERR_SOCKET_BAD_PORT"]));
		expect(run.reports).toHaveLength(15);
		expect(story(run)).toEqual(["first_connection"]);
	});
});

describeBoth("a request that is given up", ({ test }) => {
	test("before it has a socket", async ({ server }) => {
		const run = await trace(server, async ({ request, get, client, sleep }) => {
			const agent = new client.Agent({ keepAlive: true });
			const aborted = request("/aborted", { agent });
			aborted.on("error", () => {});
			aborted.end();
			aborted.destroy();
			await sleep(30);
			await get("/after", { agent });
			agent.destroy();
		});
		expect(server.requests.map(({ path }) => path)).toEqual(["/after"]);
		const [aborted, after] = run.requests;
		expect(aborted?.error).toBe(true);
		expect(aborted?.attributes).not.toHaveProperty("http.response.status_code");
		expect(after?.attributes["http.response.status_code"]).toBe(200);
	});

	test("before it is sent, by a signal that is aborted already", async ({
		server,
	}) => {
		const run = await trace(server, async ({ get, report }) => {
			const signal = AbortSignal.abort();
			await get("/aborted", { agent: false, signal }).catch((error) =>
				report(error.code),
			);
		});
		expect(run.reports).toEqual(["ABORT_ERR"]);
		expect(only(run.requests).error).toBe(true);
	});

	test("while it waits for the response: its connection goes with it", async ({
		server,
	}) => {
		const run = await trace(server, async ({ request, get, client, once }) => {
			const agent = new client.Agent({ keepAlive: true });
			const aborted = request("/never", { agent });
			aborted.on("error", () => {});
			aborted.end();
			await once(aborted, "finish");
			aborted.destroy();
			await get("/after", { agent });
			agent.destroy();
		});
		expect(server.connections).toHaveLength(2);
		expect(run.requests.map(isReused)).toEqual([false, false]);
		expect(errorsOf(run.requests)).toEqual(["ECONNRESET", undefined]);
	});

	test("in the middle of its body", async ({ server }) => {
		const run = await trace(server, async ({ request, get, client }) => {
			const agent = new client.Agent({ keepAlive: true });
			const upload = request("/never", { agent, method: "POST" });
			upload.on("error", () => {});
			await new Promise((resolve) => upload.write("first", resolve));
			upload.destroy();
			await get("/after", { agent });
			agent.destroy();
		});
		expect(server.connections).toHaveLength(2);
		expect(run.requests.map(isReused)).toEqual([false, false]);
		expect(errorsOf(run.requests)).toEqual(["ECONNRESET", undefined]);
	});

	test("in the middle of the response", async ({ server }) => {
		const run = await trace(server, async ({ request, get, client }) => {
			const agent = new client.Agent({ keepAlive: true });
			const aborted = request("/slow-body/500", { agent });
			aborted.on("error", () => {});
			aborted.end();
			await new Promise((resolve) => {
				aborted.on("response", (response) => {
					response.on("error", resolve);
					response.once("data", () => aborted.destroy());
				});
			});
			await get("/after", { agent });
			agent.destroy();
		});
		expect(server.connections).toHaveLength(2);
		expect(run.requests.map(isReused)).toEqual([false, false]);
		expect(run.requests[0]?.error).toBe(true);
		expect(run.requests[0]?.attributes["http.response.status_code"]).toBe(200);
	});

	test("by its own time limit", async ({ server }) => {
		const run = await trace(server, async ({ request, once }) => {
			const slow = request("/never", { agent: false, timeout: 100 });
			slow.on("timeout", () =>
				slow.destroy(Object.assign(new Error("slow"), { code: "ETOOSLOW" })),
			);
			slow.on("error", () => {});
			slow.end();
			await once(slow, "close");
		});
		expect(errorsOf(run.requests)).toEqual(["ETOOSLOW"]);
	});
});

describeBoth("a server that fails", ({ test }) => {
	test("closes or resets the connection in place of an answer", async ({
		server,
	}) => {
		const run = await trace(server, async ({ client, get, report }) => {
			const agent = new client.Agent({ keepAlive: true });
			await get("/", { agent });
			for (const path of ["/drop", "/drop-rst"])
				await get(path, { agent }).catch(({ code }) => report(code));
			await get("/after", { agent });
			agent.destroy();
		});
		expect(run.reports).toEqual(["ECONNRESET", "ECONNRESET"]);
		expect(errorsOf(run.requests)).toEqual([
			...[undefined, "ECONNRESET", "ECONNRESET", undefined],
		]);
		expect(run.requests.map(isReused)).toEqual([false, true, false, false]);
	});

	test("breaks off in the middle of the response", async ({ server }) => {
		const run = await trace(server, async ({ get, report }) => {
			await get("/half/20", { agent: false }).catch(({ code }) => report(code));
		});
		expect(run.reports).toEqual(["ECONNRESET"]);
		expect(errorsOf(run.requests)).toEqual(["ECONNRESET"]);
		expect(only(run.requests).attributes["http.response.status_code"]).toBe(
			200,
		);
	});

	test("refuses the connection", async () => {
		const port = await refusingPort();
		const run = await trace(
			{ port, connections: [] },
			async ({ http, https, port, report }) => {
				for (const client of [http, https]) {
					await new Promise((resolve) => {
						client
							.get({ host: "127.0.0.1", port, agent: false })
							.on("error", ({ code }: NodeJS.ErrnoException) =>
								resolve(report(code)),
							);
					});
				}
			},
		);
		expect(run.reports).toEqual(["ECONNREFUSED", "ECONNREFUSED"]);
		expect(errorsOf(run.requests)).toEqual(["ECONNREFUSED", "ECONNREFUSED"]);
		for (const request of run.requests) {
			const setup = setupOf(run.spans, request);
			expect(setup.attributes["error.type"]).toBe("ECONNREFUSED");
			expect(phasesOf(run.spans, setup)).toEqual(["tcp.connect"]);
			expect(request.attributes).toMatchObject({
				"conntrace.connection.reused": false,
			});
		}
	});
});

describe.concurrent("a host that cannot be reached", () => {
	base("has no address", async () => {
		const run = await trace(
			{ port: 1, connections: [] },
			async ({ https, report }) => {
				await new Promise((resolve) => {
					https
						.get("https://nonexistent.invalid/")
						.on("error", ({ code }: NodeJS.ErrnoException) =>
							resolve(report(code)),
						);
				});
			},
		);
		// Without a resolver the system says EAI_AGAIN.
		const [code] = run.reports;
		expect(["ENOTFOUND", "EAI_AGAIN"]).toContain(code);
		expect(errorsOf(run.requests)).toEqual([code]);
		const setup = setupOf(run.spans, run.requests[0]);
		expect(setup.attributes["error.type"]).toBe(code);
		const lookup = only(childrenOf(run.spans, setup));
		expect(lookup.name).toBe("dns.lookup");
		expect(lookup.attributes).toMatchObject({
			"dns.question.name": "nonexistent.invalid",
			"error.type": code,
		});
	});

	base("is not found by the program's own lookup", async ({ https }) => {
		const run = await trace(https, async ({ get, report }) => {
			await get("/", {
				agent: false,
				lookup: (name, _options, callback) =>
					setTimeout(
						() =>
							callback(
								Object.assign(new Error(`no ${name}`), { code: "ENOTFOUND" }),
								"",
								4,
							),
						20,
					),
			}).catch(({ code }) => report(code));
		});
		expect(run.reports).toEqual(["ENOTFOUND"]);
		expect(errorsOf(run.requests)).toEqual(["ENOTFOUND"]);
		expect(https.connections).toHaveLength(0);
		const setup = setupOf(run.spans, run.requests[0]);
		expect(phasesOf(run.spans, setup)).toEqual(["dns.lookup"]);
		expect(errorsOf(childrenOf(run.spans, setup))).toEqual(["ENOTFOUND"]);
	});

	base("is given up while its name is resolved", async ({ https }) => {
		const run = await trace(https, async ({ request, sleep }) => {
			await new Promise<void>((answered) => {
				const aborted = request("/", {
					agent: false,
					lookup: async (_name, _options, callback) => {
						await sleep(30);
						aborted.destroy();
						await sleep(30);
						callback(null, "127.0.0.1", 4);
						answered();
					},
				});
				aborted.on("error", () => {});
				aborted.end();
			});
		});
		expect(https.connections).toHaveLength(0);
		expect(errorsOf(run.requests)).toEqual(["ECONNRESET"]);
		expect(named(run.spans, "tcp.connect")).toHaveLength(0);
		expect(
			named(run.spans, "connection.setup").map(({ error }) => error),
		).toEqual([true]);
	});
});

describe.concurrent("a handshake that comes to nothing", () => {
	base("the server never speaks and the client gives up", async () => {
		const silent = await startSilentServer();
		const run = await trace(silent, async ({ https, port, sleep, once }) => {
			const request = https.get({ host: "localhost", port, agent: false });
			request.on("error", () => {});
			const [socket] = await once(request, "socket");
			await once(socket as Socket, "connect");
			await sleep(60);
			request.destroy();
		});
		await silent.close();
		expect(silent.connections).toHaveLength(1);
		expect(errorsOf(run.requests)).toEqual(["ECONNRESET"]);
		const setup = setupOf(run.spans, run.requests[0]);
		expect(phasesOf(run.spans, setup)).toEqual([
			"dns.lookup",
			"tcp.connect",
			"tls.handshake",
		]);
		const handshake = only(named(run.spans, "tls.handshake"));
		expect(handshake.error).toBe(true);
		expect(Number(handshake.end - handshake.start) / 1e6).toBeGreaterThan(50);
		expect(named(run.spans, "tcp.connect").map(({ error }) => error)).toEqual([
			false,
		]);
	});

	base("the server hangs up on it", async ({ http }) => {
		const run = await trace(http, async ({ https, port, report }) => {
			await new Promise((resolve) => {
				https
					.get({ host: "localhost", port, agent: false })
					.on("error", ({ code }: NodeJS.ErrnoException) =>
						resolve(report(code)),
					);
			});
		});
		const [code] = run.reports;
		expect(errorsOf(run.requests)).toEqual([code]);
		expect(errorsOf(named(run.spans, "tls.handshake"))).toEqual([code]);
		expect(errorsOf(named(run.spans, "connection.setup"))).toEqual([code]);
	});

	base("the certificate is not trusted", async ({ https }) => {
		const run = await trace(
			https,
			async ({ get, report }) => {
				await get("/", { agent: false }).catch(({ code }) => report(code));
			},
			{ environment: { NODE_EXTRA_CA_CERTS: "" } },
		);
		expect(run.reports).toEqual(["UNABLE_TO_VERIFY_LEAF_SIGNATURE"]);
		expect(errorsOf(run.requests)).toEqual(run.reports);
		expect(errorsOf(named(run.spans, "tls.handshake"))).toEqual(run.reports);
		expect(https.requests).toHaveLength(0);
	});

	base("the certificate is for another name", async ({ https }) => {
		const run = await trace(https, async ({ https, port, report }) => {
			await new Promise((resolve) => {
				https
					.get({
						host: "elsewhere.test",
						port,
						agent: false,
						lookup: (_name, _options, callback) =>
							callback(null, [{ address: "127.0.0.1", family: 4 }]),
					})
					.on("error", ({ code }: NodeJS.ErrnoException) =>
						resolve(report(code)),
					);
			});
		});
		expect(run.reports).toEqual(["ERR_TLS_CERT_ALTNAME_INVALID"]);
		expect(errorsOf(run.requests)).toEqual(run.reports);
		expect(errorsOf(named(run.spans, "tls.handshake"))).toEqual(run.reports);
	});

	base("after a failed attempt the next connection is fresh", async () => {
		const silent = await startSilentServer();
		const run = await trace(silent, async ({ https, port, once }) => {
			const agent = new https.Agent({ keepAlive: true });
			for (let call = 1; call <= 2; call++) {
				const request = https.get({ host: "localhost", port, agent });
				request.on("error", () => {});
				const [socket] = await once(request, "socket");
				await once(socket as Socket, "connect");
				request.destroy();
				await once(request, "close");
			}
		});
		await silent.close();
		expect(silent.connections).toHaveLength(2);
		expect(run.requests.map(isReused)).toEqual([false, false]);
		expect(story(run)[0]).toBe("first_connection");
	});
});
