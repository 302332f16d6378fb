import { randomUUID } from "node:crypto";
import type { Socket } from "node:net";
import { join } from "node:path";
import { build } from "esbuild";
import { beforeAll, describe, expect, inject } from "vitest";
import { ConnectionTracker } from "../../src/connections/tracker.js";
import { FreezeWatch } from "../../src/hooks/freeze.js";
import { SpanWriter } from "../../src/spans/writer.js";
import type { Run, RunOptions } from "../support/run-program.js";
import { runScenario, type Scenario, test } from "../support/scenario.js";

/** Everything that the hooks and the timers of the agent call. */
const METHODS = [ConnectionTracker, SpanWriter, FreezeWatch].flatMap(
	({ name, prototype }) =>
		Object.entries(Object.getOwnPropertyDescriptors(prototype))
			.filter(
				([method, { value }]) =>
					method !== "constructor" && typeof value === "function",
			)
			.map(([method]) => `${name}.${method}`),
);

/** Called only when the process has not run for a while. */
const OF_THE_TIMER = ["FreezeWatch.beat", "ConnectionTracker.processFrozen"];

/** Called where the scenario does not get: there the program alone is looked at. */
const OUT_OF_REACH = new Set([
	"ConnectionTracker.connectionFound",
	"ConnectionTracker.connections",
	"ConnectionTracker.requestForgotten",
	"ConnectionTracker.lastEndingIn",
	"ConnectionTracker.decideUnasked",
	"ConnectionTracker.connectionUnasked",
	"ConnectionTracker.requestBodyKnown",
	"ConnectionTracker.connectionTunnelled",
	"ConnectionTracker.tunnelAnswered",
	"ConnectionTracker.tunnelFailed",
	"SpanWriter.contextOfInvocation",
	"SpanWriter.writeCutSetup",
	"SpanWriter.writeInvocation",
]);

let agent: string;

beforeAll(async () => {
	agent = join(inject("temporaryDirectory"), `${randomUUID()}.cjs`);
	await build({
		entryPoints: ["test/programs/faulty.ts"],
		outfile: agent,
		bundle: true,
		platform: "node",
	});
});

/** Meets as much of the agent as it can, and tells what came of it. */
const scenario: Scenario<{
	secure: number;
	certificate: string;
	freeze: boolean;
}> = async ({ ...program }) => {
	const { Duplex } = process.getBuiltinModule("node:stream");
	const { spawn } = process.getBuiltinModule("node:child_process");
	const { http, https, dns, net, values, port, report, get, request, read } =
		program;
	const outcome = (promise: Promise<unknown>) =>
		promise.then(
			(value) => value,
			(error) => error.code,
		);
	const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
	for (const path of ["/", "/status/500", "/close", "/", "/hint/1", "/"]) {
		report(await outcome(get(path, { agent })));
	}
	// Whether the second is in time is a matter of luck.
	const closedIdle = new http.Agent({ keepAlive: true });
	await outcome(get("/fin/10", { agent: closedIdle }));
	await program.sleep(50);
	await outcome(get("/", { agent: closedIdle }));
	closedIdle.destroy();
	report(
		await outcome(
			Promise.all(["/delay/20", "/", "/"].map((path) => get(path, { agent }))),
		),
	);
	const aborted = request("/never", { agent }).end();
	aborted.on("socket", () => setTimeout(() => aborted.destroy(), 20));
	report(await outcome(read(aborted)));
	report(await outcome(get("/", { agent })));
	report(await outcome(get("/", { agent: false, lookup: dns.lookup })));
	const refused = http.get({ host: "127.0.0.1", port: 1 });
	report(await outcome(read(refused)));
	const secure = https.get({
		host: "localhost",
		port: values.secure,
		ca: values.certificate,
	});
	report((await outcome(read(secure))) !== undefined);
	const raw = net.connect(port, "localhost");
	await program.once(raw, "connect");
	raw.destroy();
	report(
		await new Promise((resolve) =>
			dns.lookup("localhost", (error, address) => resolve([error, !!address])),
		),
	);
	report((await dns.promises.lookup("localhost")).address !== "");
	agent.destroy();

	// Through a tunnel over the agent, in which another server is spoken to.
	const tunnel = http.request({
		port,
		method: "CONNECT",
		path: `localhost:${values.secure}`,
		agent: new http.Agent({ keepAlive: true }),
	});
	tunnel.end();
	const [, socket] = (await program.once(tunnel, "connect")) as [
		unknown,
		Socket,
	];
	const inside = https.get({
		host: "localhost",
		createConnection: () =>
			program.tls.connect({
				socket,
				servername: "localhost",
				ca: values.certificate,
			}),
	});
	report((await outcome(read(inside))) !== undefined);
	socket.destroy();

	// A server that does not speak HTTP/2.
	const session = program.http2.connect(`http://localhost:${port}`);
	session.on("error", () => {});
	const stream = session.request({ ":path": "/" });
	stream.on("error", () => {});
	await program.once(stream, "close");
	session.destroy();

	const fetched = (path: string, method = "GET") =>
		outcome(
			fetch(`http://localhost:${port}${path}`, { method }).then((response) =>
				response.text(),
			),
		);
	report(
		await Promise.all(["/delay/10", "/", "/"].map((path) => fetched(path))),
	);
	report(await fetched("/close"));
	report(await fetched("/", "HEAD"));
	report(await fetched("/"));
	report(
		await fetch("http://127.0.0.1:1/").catch((error) => error.cause?.code),
	);

	// A connection whose making happens out of sight.
	const below = net.connect(port, "localhost");
	const unseen = new Duplex({
		read: () => {},
		write: (chunk, encoding, done) => below.write(chunk, encoding, done),
	});
	below.on("data", (chunk) => unseen.push(chunk));
	report(await outcome(get("/", { createConnection: () => unseen })));
	below.destroy();

	if (values.freeze) {
		const waker = spawn("sh", ["-c", `sleep 1.7; kill -CONT ${process.pid}`]);
		await program.once(waker, "spawn");
		process.kill(process.pid, "SIGSTOP");
		await program.once(waker, "exit");
		report(await outcome(get("/", { agent: false })));
	}
};

/** What a program that is not traced tells, with and without the freeze. */
const plainReports = new Map<boolean, Promise<string>>();

describe.concurrent("a fault inside the agent", () => {
	for (const method of METHODS) {
		test(`in ${method} stays inside`, async ({ http, https }) => {
			const freeze = OF_THE_TIMER.includes(method);
			const run = (options: RunOptions = {}) =>
				runScenario(http, scenario, {
					...options,
					preload: "none",
					values: {
						secure: https.port,
						certificate: inject("authority"),
						freeze,
					},
				});
			const plain = plainReports.get(freeze) ?? run().then(reportsOf);
			plainReports.set(freeze, plain);
			const expected = await plain;
			const faulty = await run({
				nodeOptions: ["-r", agent],
				environment: { TEST_FAULTY: method },
			});
			expect(reportsOf(faulty)).toBe(expected);
			expect(faulty.exitCode).toBe(0);
			const said = faulty.stderr
				.split("\n")
				.filter((line) => line !== "" && !/^\s+at /.test(line));
			expect(said.length).toBeLessThanOrEqual(2);
			if (OUT_OF_REACH.has(method)) return;
			expect(said[0]).toBe(
				"conntrace: a fault of its own, the trace may be incomplete: Error: a fault made by the test",
			);
		});
	}

	test("is said once, and many switch the agent off", async ({ http }) => {
		const run = await runScenario(
			http,
			async ({ client, get, report }) => {
				const agent = new client.Agent({ keepAlive: true });
				for (let call = 1; call <= 30; call++) {
					report((await get("/", { agent })).number);
				}
				agent.destroy();
			},
			{
				preload: "none",
				nodeOptions: ["-r", agent],
				environment: { TEST_FAULTY: "SpanWriter.writeRequest" },
			},
		);
		expect(run.reports).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
		expect(run.exitCode).toBe(0);
		expect(run.spans).toEqual([]);
		expect(
			run.stderr.split("\n").filter((line) => line.startsWith("conntrace")),
		).toEqual([
			expect.stringContaining("a fault of its own"),
			"conntrace: switched off after 10 faults of its own",
		]);
	});
});

/** Without the numbers of connections, which the server gives in the order of arrival. */
function reportsOf({ reports }: Run): string {
	return JSON.stringify(reports).replace(/"connection":\d+/g, "");
}
