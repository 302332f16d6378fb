import { describe, expect } from "vitest";
import { testedNode } from "../reasons/stages.js";
import { compare, runScenario, test } from "../support/scenario.js";

describe.concurrent("a process", () => {
	test("has the same globals", async ({ http }) => {
		await compare(http, async ({ get, report }) => {
			// By the symbol the preload and the library find out about each other.
			const keysOf = (object: object) =>
				Reflect.ownKeys(object)
					.map(String)
					.filter((key) => key !== "Symbol(conntrace.observer)");
			await get("/", { agent: false });
			await fetch("http://127.0.0.1:1").catch(() => {});
			report(keysOf(globalThis));
			report(keysOf(process));
			report(keysOf(Error));
			report([Error.stackTraceLimit, typeof Error.prepareStackTrace]);
			report(Object.keys(process.env).length);
			for (const Class of [Object, Function, Promise, Array, Map, WeakMap])
				report([Class.name, keysOf(Class), keysOf(Class.prototype)]);
		});
	});

	test("is told of no warning", async ({ https }) => {
		const run = await compare(
			https,
			async ({
				client,
				get,
				net,
				request,
				read,
				report,
				once,
				port,
				sleep,
			}) => {
				const warnings: string[] = [];
				process.on("warning", ({ message }) => warnings.push(message));
				// Node warns of an eleventh listener; it and the tests have up to two of their own.
				const listenEightTimes = (
					emitter: NodeJS.EventEmitter,
					event: string,
				) => {
					while (emitter.listenerCount(event) < 8) emitter.on(event, () => {});
				};
				const agent = new client.Agent({ keepAlive: true, maxSockets: 1 });
				for (const event of ["free", "keylog", "newListener"])
					listenEightTimes(agent, event);
				for (let call = 1; call <= 15; call++) await get("/", { agent });
				await Promise.all(
					Array.from({ length: 15 }, () => get("/delay/1", { agent })),
				);
				const sent = request("/", { agent });
				for (const event of ["socket", "response", "close", "finish", "error"])
					listenEightTimes(sent, event);
				sent.on("socket", (socket) => {
					for (const event of ["data", "close", "free", "timeout", "end"])
						listenEightTimes(socket, event);
				});
				sent.end();
				await read(sent);
				const socket = net.connect(port, "localhost");
				for (const event of [
					...["lookup", "connect", "secureConnect", "error", "close"],
				])
					listenEightTimes(socket, event);
				await once(socket, "connect");
				socket.destroy();
				agent.destroy();
				await sleep(20);
				report(warnings);
			},
			{ nodeOptions: ["--pending-deprecation", "--trace-warnings"] },
		);
		expect(run.reports).toEqual([[]]);
	});

	test("lives on when it emits the name of a signal that nobody listens to", async ({
		http,
	}) => {
		const run = await compare(http, async ({ get, report, sleep }) => {
			const emit = (...args: unknown[]) =>
				Reflect.apply(process.emit, process, args);
			report([emit("SIGTERM"), emit("SIGINT", "SIGINT", 2)]);
			const heard: unknown[] = [];
			process.once("SIGTERM", (...args) => heard.push(args));
			report([emit("SIGTERM", "by hand"), emit("SIGTERM"), heard]);
			// Somebody who replaced the method himself finds it as he left it.
			process.emit = process.emit.bind(process);
			const own = Object.getOwnPropertyDescriptor(process, "emit");
			process.once("SIGINT", () => {}).removeAllListeners("SIGINT");
			report(own?.value === process.emit && Object.keys(process).at(-1));
			await sleep(20);
			await get("/", { agent: false });
		});
		expect(run.reports).toEqual([
			[false, false],
			[true, false, [["by hand"]]],
			"emit",
		]);
	});

	test("is kept running by nothing else", async ({ https }) => {
		await compare(
			https,
			async ({
				net,
				tls,
				dns,
				http2,
				get,
				client,
				origin,
				port,
				once,
				report,
			}) => {
				const { Worker } = require("node:worker_threads");
				const active = (when: string) =>
					report([when, process.getActiveResourcesInfo().toSorted()]);
				active("at the start");
				const agent = new client.Agent({ keepAlive: true });
				await get("/", { agent });
				const socket = net.connect(port, "localhost");
				await once(socket, "connect");
				const secure = tls.connect(port, "localhost");
				await once(secure, "secureConnect");
				await dns.promises.lookup("localhost");
				await fetch(origin).then((response) => response.text());
				const session = http2.connect("http://127.0.0.1:1");
				await once(session, "error");
				await once(new Worker("0", { eval: true }), "exit");
				socket.destroy();
				secure.destroy();
				agent.destroy();
				await new Promise(setImmediate);
				process.on("beforeExit", () => active("at the end"));
			},
		);
	});
});

const OUTPUTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
	"a file": { OTEL_TRACES_EXPORTER: "none" },
	"a collector": {
		CONNTRACE_FILE: "",
		OTEL_TRACES_EXPORTER: "otlp",
		OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1",
	},
};

const PERMISSION =
	testedNode >= 24 ? "--permission" : "--experimental-permission";

describe.concurrent("a process that may not write files nor start threads", () => {
	for (const [what, environment] of Object.entries(OUTPUTS)) {
		test(`runs the same, and one line says what ${what} did not get`, async ({
			http,
		}) => {
			const [alone, traced] = await Promise.all(
				(["none", "require"] as const).map((preload) =>
					runScenario(
						http,
						async ({ get, report }) => {
							report(await get("/").then(({ status }) => status, String));
						},
						{
							preload,
							environment,
							nodeOptions: [
								PERMISSION,
								"--allow-fs-read=*",
								...(testedNode >= 25 ? ["--allow-net"] : []),
							],
						},
					),
				),
			);
			expect(traced?.reports).toEqual([200]);
			expect(traced?.reports).toEqual(alone?.reports);
			expect(traced?.exitCode).toBe(alone?.exitCode);
			const ofTheAgent = traced?.stderr
				.split("\n")
				.filter((line) => line.startsWith("conntrace"));
			expect(ofTheAgent).toEqual([
				expect.stringMatching(
					/^conntrace: 4 of 4 spans were not delivered to .*(ERR_ACCESS_DENIED|Access to this API|--allow-worker)/,
				),
			]);
		});
	}
});
