import { resolve } from "node:path";
import { describe, expect } from "vitest";
import { startHttp2Server } from "../support/http2-server.js";
import {
	bundleMetrics,
	GENERATIONS,
	type HistogramValue,
	type Metric,
	type Metrics,
} from "../support/own-metrics.js";
import { REGISTER } from "../support/run-program.js";
import { runScenario, test, trace } from "../support/scenario.js";
import { named, type Span } from "../support/spans.js";

/** Boundaries in the semantic conventions. */
const WAITS = [
	0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
];
const LIVES = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300];

function counted<Value>(metric: Metric<Value> | undefined, name: string) {
	return Object.fromEntries(
		(metric?.points ?? []).map(({ attributes, value }) => [
			attributes[name],
			value,
		]),
	);
}

/** Count and sum of all points, in milliseconds. */
function total(metric: Metric<HistogramValue> | undefined) {
	const values = (metric?.points ?? []).map(({ value }) => value);
	return {
		count: values.reduce((sum, { count }) => sum + count, 0),
		milliseconds: 1000 * values.reduce((all, { sum }) => all + sum, 0),
	};
}

function reasonsOf(spans: readonly Span[]): Record<string, number> {
	const counts: Record<string, number> = {};
	for (const { attributes } of named(spans, "connection.setup")) {
		const reason = String(attributes["conntrace.connection.reason"]);
		counts[reason] = (counts[reason] ?? 0) + 1;
	}
	return counts;
}

const sumOf = (spans: readonly Span[]): number =>
	spans.reduce((sum, { start, end }) => sum + Number(end - start) / 1e6, 0);

const CASES = [
	...Object.entries(GENERATIONS).flatMap(([generation, directory]) =>
		(["before", "after"] as const).map((order) => ({
			name: `OpenTelemetry ${generation}, set up ${order} the agent`,
			directory,
			order,
			register: REGISTER,
		})),
	),
	{
		name: "OpenTelemetry 2.x, by the library",
		directory: ".",
		order: "before",
		register: resolve("test/library/otel-2/register.cjs"),
	},
] as const;

for (const { name, directory, order, register } of CASES) {
	describe.concurrent(`metrics by ${name}`, () => {
		test("agree with the spans and with the server", async ({ https }) => {
			const setup = await bundleMetrics(directory);
			const run = await trace(
				https,
				async ({ client, get, load, values, sleep, report, once }) => {
					if (values.setup) await load(values.setup);
					const agent = new client.Agent({ keepAlive: true, maxSockets: 2 });
					const paths = ["/1", "/2", "/3", "/4", "/5"];
					await Promise.all(paths.map((path) => get(path, { agent })));
					const late = client.get(`${values.origin}/delay/50`, { agent });
					const responded = once(late, "response");
					await once(late, "socket");
					report(await collectMetrics());
					const [response] = await responded;
					(response as NodeJS.ReadableStream).resume();
					await once(response as NodeJS.ReadableStream, "end");
					await new Promise(setImmediate);
					await get("/fin/10", { agent });
					await sleep(100);
					await get("/close", { agent });
					await get("/", { agent });
					agent.destroy();
					await once(client.get({ host: "127.0.0.1", port: 1 }), "error");
					report(await collectMetrics());
				},
				{
					values: {
						origin: https.origin,
						setup: order === "after" ? setup : "",
					},
					register,
					nodeOptions: order === "before" ? ["-r", setup] : [],
				},
			);
			const [during, after] = run.reports as [Metrics, Metrics];
			const { spans } = run;

			const open = during["http.client.open_connections"];
			expect(open).toMatchObject({
				scope: "conntrace",
				unit: "{connection}",
			});
			expect(counted(open, "http.connection.state")).toEqual({
				active: 1,
				idle: 1,
			});
			expect(open?.points[0]?.attributes).toEqual({
				"http.connection.state": "active",
				"server.address": "localhost",
				"server.port": https.port,
				"network.protocol.version": "1.1",
			});
			expect(
				after["http.client.open_connections"]?.points.map(({ value }) => value),
			).toEqual([0, 0]);

			const lives = after["http.client.connection.duration"];
			expect(lives).toMatchObject({
				unit: "s",
				points: [
					{
						attributes: {
							"server.address": "localhost",
							"server.port": https.port,
							"network.protocol.version": "1.1",
						},
						value: {
							count: https.connections.length,
							boundaries: LIVES,
						},
					},
				],
			});

			const waits = named(spans, "connection.wait");
			const queue = after["http.client.request.time_in_queue"];
			expect(queue?.points[0]).toMatchObject({
				attributes: {
					"http.request.method": "GET",
					"server.address": "localhost",
					"server.port": https.port,
					"network.protocol.version": "1.1",
				},
				value: { boundaries: WAITS },
			});
			expect(total(queue).count).toBe(waits.length);
			expect(total(queue).milliseconds).toBeCloseTo(sumOf(waits), 2);

			const lookups = named(spans, "dns.lookup");
			const dns = after["dns.lookup.duration"];
			expect(dns).toMatchObject({
				unit: "s",
				points: [
					{
						attributes: { "dns.question.name": "localhost" },
						value: { boundaries: WAITS },
					},
				],
			});
			expect(total(dns).count).toBe(lookups.length);
			expect(total(dns).milliseconds).toBeCloseTo(sumOf(lookups), 2);

			const fresh = after["conntrace.connections.fresh"];
			const toServer = fresh?.points.filter(
				({ attributes }) => attributes["server.port"] === https.port,
			);
			expect(
				counted(
					fresh && { ...fresh, points: toServer ?? [] },
					"conntrace.connection.reason",
				),
			).toEqual(
				reasonsOf(
					spans.filter(
						({ attributes }) => attributes["server.port"] === https.port,
					),
				),
			);
			expect(
				fresh?.points.find(({ attributes }) => attributes["error.type"]),
			).toEqual({
				attributes: {
					"conntrace.connection.reason": "first_connection",
					"server.address": "127.0.0.1",
					"server.port": 1,
					"error.type": "ECONNREFUSED",
				},
				value: 1,
			});
		});
	});
}

test("of HTTP, and not of other sockets", async ({ http }) => {
	const setup = await bundleMetrics(".");
	const { reports, stderr } = await runScenario(
		http,
		async ({ net, once, port, get, fetchAnswer, report }) => {
			await fetchAnswer("/");
			await get("/");
			const socket = net.connect(port, "localhost");
			await once(socket, "connect");
			report(await collectMetrics());
			socket.destroy();
		},
		{ nodeOptions: ["-r", setup] },
	);
	expect(stderr).toBe("");
	const [metrics] = reports as [Metrics];
	expect(
		counted(metrics["http.client.open_connections"], "http.connection.state"),
	).toEqual({ active: 0, idle: 2 });
	expect(total(metrics["dns.lookup.duration"]).count).toBe(3);
	expect(
		counted(
			metrics["conntrace.connections.fresh"],
			"conntrace.connection.reason",
		),
	).toEqual({ first_connection: 1, different_agent: 1 });
});

test("of HTTP/2 name its version", async () => {
	const server = await startHttp2Server({});
	const { reports, stderr } = await runScenario(
		server,
		async ({ http2, answered, once, origin, report }) => {
			const session = http2.connect(origin);
			const paths = ["/1", "/2", "/3"];
			await Promise.all(
				paths.map((path) => answered(session.request({ ":path": path }))),
			);
			report(await collectMetrics());
			session.close();
			await once(session, "close");
			report(await collectMetrics());
		},
		{ nodeOptions: ["-r", await bundleMetrics(".")] },
	);
	await server.close();
	expect(stderr).toBe("");
	const open = (reports as Metrics[]).map((metrics) =>
		metrics["http.client.open_connections"]?.points.map(
			({ attributes, value }) => [
				attributes["network.protocol.version"],
				attributes["http.connection.state"],
				value,
			],
		),
	);
	expect(open).toEqual([
		[
			["2", "active", 0],
			["2", "idle", 1],
		],
		[
			["2", "active", 0],
			["2", "idle", 0],
		],
	]);
	expect(
		total((reports[1] as Metrics)["http.client.connection.duration"]).count,
	).toBe(1);
});
