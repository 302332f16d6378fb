import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { describe, expect, inject } from "vitest";
import { runScenario, test, trace } from "../support/scenario.js";
import {
	refusingPort,
	startServer,
	startSilentServer,
} from "../support/server.js";
import {
	childrenOf,
	errorsOf,
	named,
	only,
	phasesOf,
} from "../support/spans.js";
import { postgres, startDriverServer } from "./driver-servers.js";

const FAILURES_IN_ROW = "conntrace.connection.failures_in_row";

describe.concurrent("a socket that gets TLS on its way", () => {
	test("a server that refuses TLS leaves a plain connection", async () => {
		const server = await startDriverServer(({ socket }) => {
			socket.once("data", () => socket.write("N"));
		});
		const run = await trace(server, async ({ load, port, report }) => {
			const { default: pg } = await load<typeof import("pg")>("pg");
			const client = new pg.Client({ host: "localhost", port, ssl: true });
			await client.connect().catch(({ message }) => report(message));
		});
		await server.close();
		expect(run.reports).toHaveLength(1);
		const setup = only(named(run.spans, "connection.setup"));
		expect(setup.error).toBe(false);
		expect(phasesOf(run.spans, setup)).toEqual(["dns.lookup", "tcp.connect"]);
	});

	test("a certificate that is not trusted fails the connection", async () => {
		const server = await startDriverServer(postgres, inject("certificate"));
		const run = await trace(
			server,
			async ({ load, port, report }) => {
				const { default: pg } = await load<typeof import("pg")>("pg");
				const client = new pg.Client({ host: "localhost", port, ssl: true });
				await client.connect().catch(({ code }) => report(code));
			},
			{ environment: { NODE_EXTRA_CA_CERTS: "" } },
		);
		await server.close();
		const setup = only(named(run.spans, "connection.setup"));
		const [lookup, connect, handshake] = childrenOf(run.spans, setup);
		expect([lookup?.error, connect?.error]).toEqual([false, false]);
		expect(handshake?.name).toBe("tls.handshake");
		expect(errorsOf([setup, handshake as never])).toEqual([
			run.reports[0],
			run.reports[0],
		]);
	});

	test("a handshake that is given up", async () => {
		const silent = await startSilentServer();
		const run = await trace(silent, async ({ net, tls, port, once }) => {
			const socket = net.connect(port, "localhost");
			await once(socket, "connect");
			const secure = tls.connect({ socket, servername: "localhost" });
			setImmediate(() => secure.destroy());
			await once(secure, "close");
		});
		await silent.close();
		const setup = only(named(run.spans, "connection.setup"));
		expect(errorsOf([setup, only(named(run.spans, "tls.handshake"))])).toEqual([
			"aborted",
			"aborted",
		]);
	});

	test("the process ends during the handshake", async () => {
		const silent = await startSilentServer();
		const run = await trace(silent, async ({ net, tls, port, once }) => {
			const socket = net.connect(port, "localhost");
			await once(socket, "connect");
			tls.connect({ socket, servername: "localhost" });
			setImmediate(() => process.exit(0));
		});
		await silent.close();
		for (const name of ["connection.setup", "tls.handshake"])
			expect(only(named(run.spans, name)).attributes).toHaveProperty(
				["conntrace.unfinished"],
				true,
			);
	});

	test("a handshake long after the connection has a setup of its own", async ({
		https,
	}) => {
		const run = await trace(https, async ({ net, tls, port, once, sleep }) => {
			const socket = net.connect(port, "localhost");
			await once(socket, "connect");
			await sleep(1200);
			const secure = tls.connect({ socket, servername: "localhost" });
			secure.write("no request\r\n\r\n");
			await once(secure, "data");
			secure.destroy();
			await once(secure, "close");
		});
		const [first, second] = named(run.spans, "connection.setup");
		expect(first && phasesOf(run.spans, first)).toEqual([
			"dns.lookup",
			"tcp.connect",
		]);
		expect(second && phasesOf(run.spans, second)).toEqual(["tls.handshake"]);
		expect(second?.traceId).toBe(first?.traceId);
	});
});

describe.concurrent("a socket that connects to no host", () => {
	test("Unix sockets are not traced", async ({ http }) => {
		const path = join(inject("temporaryDirectory"), `${randomUUID()}.sock`);
		const run = await trace(
			http,
			async ({ net, http, values, once, report }) => {
				const server = http.createServer((_request, response) =>
					response.end("ok"),
				);
				server.listen(values);
				await once(server, "listening");
				for (const options of [values, { path: values }] as never[]) {
					const socket = net.connect(options);
					await once(socket, "connect");
					socket.destroy();
				}
				const request = http.get({ socketPath: values, agent: false });
				request.on("response", (response) => response.resume());
				await once(request, "close");
				server.close();
				report("done");
			},
			{ values: path },
		);
		expect(run.reports).toEqual(["done"]);
		expect(run.spans).toEqual([]);
	});

	test("arguments that Node refuses make no connection", async ({ http }) => {
		const run = await trace(http, async ({ net, report }) => {
			for (const options of [{ port: 70_000 }, { port: -1 }, {}, "x"])
				try {
					net.connect(options as never).on("error", () => {});
				} catch (error) {
					report((error as { code?: unknown }).code);
				}
		});
		expect(run.reports.slice(0, 3)).toEqual([
			"ERR_SOCKET_BAD_PORT",
			"ERR_SOCKET_BAD_PORT",
			"ERR_MISSING_ARGS",
		]);
		expect(run.spans).toEqual([]);
	});
});

describe.concurrent("a socket that cannot connect", () => {
	test("says why, and what its attempts were", async () => {
		const port = await refusingPort();
		const run = await trace(
			{ port, connections: [] },
			async ({ net, port, once }) => {
				const socket = net.connect(port, "127.0.0.1");
				await once(socket, "error");
			},
		);
		const setup = only(named(run.spans, "connection.setup"));
		expect(setup.attributes["error.type"]).toBe("ECONNREFUSED");
		expect(phasesOf(run.spans, setup)).toEqual(["tcp.connect"]);
	});

	test("a name that does not exist", async ({ http }) => {
		const run = await trace(http, async ({ net, once, report }) => {
			const socket = net.connect(1, "nonexistent.invalid");
			const [error] = await once(socket, "error");
			report((error as NodeJS.ErrnoException).code);
		});
		const setup = only(named(run.spans, "connection.setup"));
		expect(phasesOf(run.spans, setup)).toEqual(["dns.lookup"]);
		expect(errorsOf([setup, only(named(run.spans, "dns.lookup"))])).toEqual([
			run.reports[0],
			run.reports[0],
		]);
	});

	test("a driver that reconnects for ever is told of ten times, and at the end", async () => {
		const port = await refusingPort();
		const run = await trace(
			{ port, connections: [] },
			async ({ load, port, once, report }) => {
				const { Redis } = await load<typeof import("ioredis")>("ioredis");
				const client = new Redis({
					host: "127.0.0.1",
					port,
					retryStrategy: () => 1,
					maxRetriesPerRequest: null,
				});
				client.on("error", () => {});
				for (let failure = 1; failure <= 25; failure++)
					await once(client, "error");
				client.disconnect();
				report("done");
			},
		);
		const setups = named(run.spans, "connection.setup");
		expect(errorsOf(setups)).toEqual(setups.map(() => "ECONNREFUSED"));
		const counts = setups.map(({ attributes }) => attributes[FAILURES_IN_ROW]);
		expect(counts.slice(0, 11)).toEqual([
			undefined,
			...[2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
		]);
		// The last one may have failed after the program stopped counting.
		expect(counts).toHaveLength(12);
		expect(Number(counts[11])).toBeGreaterThanOrEqual(25);
	});

	test("when the server is back, the last failure and the success are told", async () => {
		const port = await refusingPort();
		const server = await startServer({ host: "127.0.0.1" });
		const run = await trace(
			server,
			async ({ net, port, once, values }) => {
				for (let failure = 1; failure <= 20; failure++)
					await once(net.connect(values, "127.0.0.1"), "error");
				const back = net.createServer().listen(values, "127.0.0.1");
				await once(back, "listening");
				const socket = net.connect(values, "127.0.0.1");
				await once(socket, "connect");
				socket.destroy();
				back.close();
				await once(net.connect(port, "127.0.0.1"), "connect").then(() =>
					process.exit(0),
				);
			},
			{ values: port },
		);
		await server.close();
		const setups = named(run.spans, "connection.setup").filter(
			({ attributes }) => attributes["server.port"] === port,
		);
		expect(setups.map(({ attributes }) => attributes[FAILURES_IN_ROW])).toEqual(
			[undefined, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 20, undefined],
		);
		expect(setups.at(-1)?.error).toBe(false);
	});
});

test("under a span of the program connections stand under it, however often they fail", async () => {
	const port = await refusingPort();
	const run = await runScenario(
		{ port },
		async ({ net, load, port, once, report }) => {
			type Api = typeof import("@opentelemetry/api");
			type Sdk = typeof import("@opentelemetry/sdk-trace-node");
			const { context, trace } = await load<Api>("@opentelemetry/api");
			const { NodeTracerProvider } = await load<Sdk>(
				"@opentelemetry/sdk-trace-node",
			);
			new NodeTracerProvider().register();
			const span = trace.getTracer("program").startSpan("work");
			report(span.spanContext().spanId);
			await context.with(trace.setSpan(context.active(), span), async () => {
				for (let failure = 1; failure <= 15; failure++)
					await once(net.connect(port, "127.0.0.1"), "error");
			});
		},
	);
	const setups = named(run.spans, "connection.setup");
	expect(setups).toHaveLength(15);
	for (const { parentSpanId } of setups)
		expect(parentSpanId).toBe(run.reports[0]);
});
