import { describe, expect, it } from "vitest";
import type { Run } from "../../src/report/model.js";
import { RunAnalysis } from "../../src/report/run-analysis.js";
import type { Span } from "../../src/report/span.js";
import { BEGIN, fresh, reused, span } from "./spans.js";

function analyse(spans: Iterable<Span>): Run {
	const analysis = new RunAnalysis();
	for (const span of spans) analysis.add(span);
	return analysis.build("run", []);
}

/** A connection that carries two requests and is closed by the server while idle; the next request needs another one. */
function idleClose(): Span[] {
	const setup = span("connection.setup", 0, 20, {
		"conntrace.connection.id": "p-1",
		"conntrace.connection.reason": "first_connection",
		"server.address": "a.example",
		"server.port": 443,
	});
	return [
		fresh({ at: 0, duration: 30, setup: 20, connection: "p-1" }),
		setup,
		span(
			"dns.lookup",
			0,
			5,
			{ "dns.question.name": "a.example", "dns.answers": ["10.0.0.1"] },
			setup.spanId,
		),
		span(
			"tcp.connect",
			5,
			5,
			{ "network.peer.address": "10.0.0.1", "network.peer.port": 443 },
			setup.spanId,
		),
		span(
			"tls.handshake",
			10,
			10,
			{ "tls.protocol.version": "1.3", "tls.resumed": true },
			setup.spanId,
		),
		reused({ at: 100, duration: 2, connection: "p-1" }),
		fresh({
			at: 6000,
			duration: 25,
			setup: 18,
			connection: "p-2",
			previous: "p-1",
			reason: "peer_closed_idle",
			reasonDetail: "idle 5012 ms, the server closes after 5000 ms",
		}),
	];
}

const FIRST_CONNECTION = {
	id: "p-1",
	host: "a.example:443",
	process: "p",
	reason: "first_connection",
	requests: 2,
	firstRequestAt: BEGIN,
	lastRequestEndedAt: BEGIN + 102,
	setup: {
		start: BEGIN,
		end: BEGIN + 20,
		phases: [
			{
				name: "dns.lookup",
				start: BEGIN,
				end: BEGIN + 5,
				detail: "a.example → 10.0.0.1",
			},
			{
				name: "tcp.connect",
				start: BEGIN + 5,
				end: BEGIN + 10,
				detail: "10.0.0.1:443",
			},
			{
				name: "tls.handshake",
				start: BEGIN + 10,
				end: BEGIN + 20,
				detail: "TLS 1.3, session resumed",
			},
		],
	},
	ending: {
		reason: "peer_closed_idle",
		detail: "idle 5012 ms, the server closes after 5000 ms",
		notAfter: BEGIN + 6000,
		replacedBy: "p-2",
	},
};

describe("connections", () => {
	it("are told from setup to end", () => {
		const { connections, start, end } = analyse(idleClose());
		expect(connections.rows).toHaveLength(2);
		expect(connections.rows[0]).toEqual(FIRST_CONNECTION);
		expect(connections.rows[1]).toMatchObject({ id: "p-2", requests: 1 });
		expect(connections.rows[1]).not.toHaveProperty("ending");
		expect([start, end]).toEqual([BEGIN, BEGIN + 6025]);
	});

	it("are the same in whatever order the spans come", () => {
		const { connections } = analyse(idleClose().reverse());
		expect(connections.rows[0]).toEqual(FIRST_CONNECTION);
	});

	it("are thinned out with all that belongs to them", () => {
		const { connections, overall } = analyse(
			(function* () {
				for (let id = 0; id < 30_000; id++) {
					const connection = `p-${id}`;
					yield fresh({ at: id, connection });
					yield span("connection.setup", id, 5, {
						"conntrace.connection.id": connection,
					});
					yield reused({ at: id + 20, connection });
				}
			})(),
		);
		expect(overall.connections).toBe(30_000);
		expect(connections.rows.length).toBeGreaterThan(10_000);
		expect(connections.rows.length).toBeLessThanOrEqual(20_000);
		expect(connections.leftOut).toBe(30_000 - connections.rows.length);
		for (const row of connections.rows) {
			expect(row.requests).toBe(2);
			expect(row.setup).toBeDefined();
		}
	});
});

describe("requests", () => {
	it("say what is known of them and nothing else", () => {
		const { requests } = analyse([
			reused({
				at: 100,
				duration: 2,
				connection: "p-1",
				more: {
					"http.response.status_code": 200,
					"conntrace.connection.request_number": 2,
					"conntrace.connection.idle_ms": 70,
					"conntrace.connection.age_ms": 80,
					"conntrace.ttfb_ms": 1.5,
				},
			}),
		]);
		expect(requests.rows).toEqual([
			{
				traceId: expect.any(String),
				spanId: expect.any(String),
				start: BEGIN + 100,
				durationMs: 2,
				name: "DynamoDB.PutItem",
				host: "a.example:443",
				connectionUse: "reused",
				notable: true,
				slow: true,
				status: 200,
				connectionId: "p-1",
				requestNumber: 2,
				ageMs: 80,
				idleMs: 70,
				firstByteMs: 1.5,
				process: "p",
			},
		]);
	});

	it("are all kept when fresh, failed or slow, and the rest evenly decimated", () => {
		const total = 50_000;
		const { requests, overall } = analyse(
			(function* () {
				for (let at = 0; at < total; at++) {
					if (at % 100 === 0) yield fresh({ at });
					else if (at % 100 === 1)
						yield reused({ at, more: { "error.type": "ECONNRESET" } });
					else if (at % 500 === 2) yield reused({ at, duration: 500 });
					else yield reused({ at, duration: 1 + (at % 7) });
				}
			})(),
		);
		expect(overall).toMatchObject({
			requests: total,
			fresh: 500,
			failed: 500,
		});
		const { rows } = requests;
		expect(rows.filter((row) => row.connectionUse === "fresh")).toHaveLength(
			500,
		);
		expect(rows.filter((row) => row.error)).toHaveLength(500);
		expect(rows.filter((row) => row.durationMs === 500)).toHaveLength(100);
		expect(requests.notableLeftOut).toBe(0);
		expect(rows.length + requests.leftOut).toBe(total);
		expect(rows.length).toBeLessThan(22_000);
		const late = rows.filter((row) => row.start >= BEGIN + total / 2);
		expect(late.length / rows.length).toBeCloseTo(0.5, 1);
		expect(rows.map((row) => row.start)).toEqual(
			rows.map((row) => row.start).toSorted((a, b) => a - b),
		);
	});
});

it("has neither times nor latencies without spans", () => {
	const run = analyse([]);
	expect(run).not.toHaveProperty("start");
	expect(run.overall).toEqual({
		requests: 0,
		recorded: 0,
		fresh: 0,
		reused: 0,
		failed: 0,
		connections: 0,
		dnsLookups: 0,
		setupMs: 0,
		reasons: [],
	});
});

it("keeps no rows where nobody wants them, and sums all the same", () => {
	const analysis = new RunAnalysis({ rows: false });
	for (const span of idleClose()) analysis.add(span);
	const run = analysis.build("run", []);
	const whole = analyse(idleClose());
	expect(run.overall).toEqual(whole.overall);
	expect(run.requests).toEqual({ rows: [], leftOut: 3, notableLeftOut: 3 });
	expect(run.connections).toMatchObject({ rows: [], leftOut: 1 });
});
