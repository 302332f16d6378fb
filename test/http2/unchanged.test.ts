import { resolve } from "node:path";
import { expect } from "vitest";
import { runProgram } from "../support/run-program.js";
import { compare, judge, runScenario, trace } from "../support/scenario.js";
import { named, only } from "../support/spans.js";
import { describeBoth } from "./fixture.js";

describeBoth("a program that uses HTTP/2", ({ test, secure }) => {
	test("sees the same events, listeners and errors", async ({ serve }) => {
		const server = await serve();
		await compare(server, async ({ http2, origin, once, report }) => {
			const session = http2.connect(origin);
			const names = (emitter: { eventNames(): unknown[] }) =>
				emitter
					.eventNames()
					.map((name) => [String(name), session.listenerCount(name as string)]);
			report(names(session));
			session.on("connect", (...values) => report(["connect", values.length]));
			session.on("close", (...values) => report(["close", values.length]));
			for (const path of [
				"/a",
				"/hints/5",
				"/trailers",
				"/reset/2",
				"/half/8",
			]) {
				const stream = session.request({ ":path": path });
				report(names(stream));
				for (const event of [
					...["ready", "headers", "response", "trailers", "end"],
					...["aborted", "finish", "close"],
				]) {
					stream.on(event, (...values) => report([path, event, values.length]));
				}
				stream.on("error", ({ message }) => report([path, message]));
				stream.resume();
				await once(stream, "close");
			}
			const prototypes = [
				Object.getPrototypeOf(session),
				Object.getPrototypeOf(session.request({ ":path": "/never" })),
			];
			for (const prototype of prototypes) {
				for (const name of [
					"request",
					"emit",
					"close",
					"destroy",
					"settings",
					"end",
					"_destroy",
				]) {
					const method = prototype[name];
					report([
						...[method?.name, method?.length],
						method && Object.getOwnPropertyNames(method),
						method?.prototype?.constructor === method,
					]);
				}
			}
			session.destroy();
			await once(session, "close");
			try {
				session.request({ ":path": "/gone" }).on("error", (error) => {
					report(error.message);
				});
			} catch (error) {
				report((error as Error).message);
			}
			try {
				http2.connect(origin, { createConnection: () => null as never });
			} catch (error) {
				report((error as Error).message);
			}
		});
	});

	test("keeps its asynchronous context", async ({ serve }) => {
		const server = await serve();
		const run = await compare(
			server,
			async ({ http2, origin, once, report }) => {
				const { AsyncLocalStorage } = require("node:async_hooks");
				const storage = new AsyncLocalStorage();
				const session = storage.run("session", () => http2.connect(origin));
				const streams = ["first", "second"].map((name) =>
					storage.run(name, async () => {
						const seen: unknown[] = [];
						const stream = session.request({ ":path": `/${name}` });
						for (const event of ["response", "data", "end", "close"]) {
							stream.on(event, () => seen.push([event, storage.getStore()]));
						}
						await once(stream, "close");
						return seen;
					}),
				);
				report(await Promise.all(streams));
				session.close();
			},
		);
		expect(run.reports).toEqual([
			["first", "second"].map((name) =>
				expect.arrayContaining([["response", name]]),
			),
		]);
	});

	test("is traced however it comes by the module", async ({ serve }) => {
		const server = await serve();
		const run = await runProgram(resolve("test/programs/http2-import.mjs"), {
			arguments: [server.origin],
		});
		// The agent itself does not load it.
		expect(run.reports).toEqual([false]);
		expect(judge(run, [server]).requests).toHaveLength(3);
	});

	test("may bring its own connection", async ({ serve }) => {
		const server = await serve();
		const { spans, requests } = await trace(
			server,
			async ({ http2, net, tls, origin, port, answered, once }) => {
				const createConnection = () =>
					origin.startsWith("https")
						? tls.connect({ port, host: "localhost", ALPNProtocols: ["h2"] })
						: net.connect({ port, host: "localhost" });
				const session = http2.connect(origin, { createConnection });
				await answered(session.request({ ":path": "/new" }));
				await answered(session.request({ ":path": "/again" }));
				session.close();
				await once(session, "close");
				const socket = createConnection();
				await once(
					socket,
					origin.startsWith("https") ? "secureConnect" : "connect",
				);
				const late = http2.connect(origin, { createConnection: () => socket });
				await answered(late.request({ ":path": "/late" }));
				late.close();
			},
		);
		expect(
			requests.map(
				({ attributes }) => attributes["conntrace.connection.reason"],
			),
		).toEqual(["first_connection", undefined, "agent_destroyed"]);
		expect(named(spans, "tls.handshake")).toHaveLength(secure ? 2 : 0);
	});

	test("is left alone where hosts are ignored or local", async ({ serve }) => {
		const server = await serve();
		const run = await runScenario(
			server,
			async ({ http2, origin, answered, report }) => {
				const session = http2.connect(origin);
				report((await answered(session.request({ ":path": "/" }))).status);
				session.close();
			},
			{ environment: { CONNTRACE_IGNORE_HOSTS: "localhost" } },
		);
		expect(run.reports).toEqual([200]);
		expect(run.spans).toEqual([]);
	});

	test("writes header names in any case, and no secret is shown", async ({
		serve,
	}) => {
		const server = await serve();
		const { requests, exported } = await trace(
			server,
			async ({ http2, origin, answered }) => {
				const session = http2.connect(origin);
				await answered(
					session.request({
						":path": "/?token=hidden",
						"X-Amz-Target": "Kinesis_20131202.PutRecord",
						"Amz-Sdk-Invocation-Id": "call-1",
						authorization: "Bearer hidden",
						[http2.sensitiveHeaders as never]: ["authorization"],
					}),
				);
				session.close();
			},
		);
		const { name, attributes } = only(requests);
		expect(name).toBe("Kinesis.PutRecord");
		expect(attributes["conntrace.aws.invocation_id"]).toBe("call-1");
		expect(exported).not.toContain("hidden");
	});

	test("opens tunnels by CONNECT", async ({ serve }) => {
		const server = await serve({
			handler: (stream, _, numbers) => {
				stream.respond({ ":status": 200, ...numbers });
				stream.pipe(stream);
			},
		});
		const { requests, reports } = await trace(
			server,
			async ({ http2, origin, once, report }) => {
				const session = http2.connect(origin);
				const stream = session.request({
					":method": "CONNECT",
					":authority": "behind.example:443",
				});
				await once(stream, "response");
				stream.write("there and back");
				report(String((await once(stream, "data"))[0]));
				stream.end();
				stream.resume();
				await once(stream, "close");
				session.close();
			},
		);
		expect(reports).toEqual(["there and back"]);
		const { attributes } = only(requests);
		expect(attributes["http.request.method"]).toBe("CONNECT");
		expect(attributes["url.full"]).toBe(server.origin);
	});
});
