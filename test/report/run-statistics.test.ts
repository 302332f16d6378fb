import { expect, it } from "vitest";
import {
	RunStatistics,
	type SpanFacts,
	type Statistics,
} from "../../src/report/run-statistics.js";

type TimedSpan = SpanFacts & { readonly duration: number };

const HOST = { "server.address": "a.example", "server.port": 443 };

function request(
	attributes: SpanFacts["attributes"],
	duration = 10,
): TimedSpan {
	return {
		name: "GET",
		spanId: "request",
		duration,
		attributes: { "http.request.method": "GET", ...HOST, ...attributes },
	};
}

function fresh(reason: string, setup: number, more = {}): TimedSpan {
	return request({
		"conntrace.connection.reused": false,
		"conntrace.connection.reason": reason,
		"conntrace.connection.setup_ms": setup,
		...more,
	});
}

function setup(spanId: string, host = HOST): TimedSpan {
	return { name: "connection.setup", spanId, duration: 5, attributes: host };
}

function lookup(parentSpanId: string | undefined): TimedSpan {
	return {
		name: "dns.lookup",
		spanId: "lookup",
		parentSpanId,
		duration: 1,
		attributes: { "dns.question.name": "a.example" },
	};
}

function statisticsOf(...spans: TimedSpan[]): Statistics {
	const statistics = new RunStatistics();
	for (const span of spans) statistics.add(span, span.duration);
	return statistics.build();
}

it("counts per host and port", () => {
	const other = { ...HOST, "server.port": 80 };
	const { hosts } = statisticsOf(
		fresh("first_connection", 4),
		setup("s1"),
		lookup("s1"),
		request({ "conntrace.connection.reused": true }, 3),
		request({ "error.type": "ECONNREFUSED" }),
		setup("s2", other),
		lookup("s2"),
	);
	expect(hosts).toMatchObject([
		{
			host: "a.example:443",
			connections: 1,
			requests: 3,
			fresh: 1,
			reused: 1,
			dnsLookups: 1,
			setupMs: 4,
			failed: 1,
			reuseRatio: 0.5,
		},
		{ host: "a.example:80", connections: 1, requests: 0, dnsLookups: 1 },
	]);
	expect(hosts[0]?.freshLatency?.count).toBe(1);
	expect(hosts[0]?.reusedLatency?.count).toBe(1);
});

it("gives a lookup that no connection asked for to no host", () => {
	const { hosts, overall } = statisticsOf(
		lookup(undefined),
		setup("s1"),
		lookup("another"),
		lookup(undefined),
	);
	expect(hosts).toMatchObject([{ connections: 1, dnsLookups: 0 }]);
	expect(overall.dnsLookups).toBe(3);
});

it("sums set-up by reason, the most expensive first", () => {
	const {
		overall: { reasons },
	} = statisticsOf(
		fresh("first_connection", 4),
		fresh("keep_alive_disabled", 3),
		fresh("keep_alive_disabled", 3),
		fresh("no reason of ours", 100),
	);
	expect(reasons).toEqual([
		{ reason: "(not given)", count: 1, setupMs: 100 },
		{ reason: "keep_alive_disabled", count: 2, setupMs: 6 },
		{ reason: "first_connection", count: 1, setupMs: 4 },
	]);
});

it("tells what stood behind a reason that cannot be changed, and advises on that", () => {
	const burst = (contributing: string[]) =>
		fresh("pool_busy", 2, {
			"conntrace.connection.contributing": contributing,
		});
	const { overall, advice } = statisticsOf(
		fresh("peer_closed_idle", 4),
		burst(["peer_closed_idle"]),
		burst(["socket_error", "peer_closed_idle", "no reason of ours"]),
		burst([]),
	);
	expect(overall.reasons).toEqual([
		{
			reason: "pool_busy",
			count: 3,
			setupMs: 6,
			behind: [{ reason: "peer_closed_idle", count: 2, setupMs: 4 }],
		},
		{ reason: "peer_closed_idle", count: 1, setupMs: 4 },
	]);
	expect(advice).toMatchObject([
		{ reason: "peer_closed_idle", change: true, requests: 3, savedMs: 8 },
		{ reason: "pool_busy", change: false, requests: 3 },
	]);
});

it("lists a finding once, with the requests that showed it", () => {
	const shown = { "conntrace.findings": ["responses_unread"] };
	const { findings } = statisticsOf(
		fresh("body_unconsumed", 1, shown),
		fresh("body_unconsumed", 1, shown),
		request({ "conntrace.findings": ["client_per_call", "of another time"] }),
	);
	expect(findings).toMatchObject([
		{ code: "responses_unread", count: 2 },
		{ code: "client_per_call", count: 1 },
	]);
});

it("has one row for all hosts beyond the hundredth", () => {
	const { hosts } = statisticsOf(
		...Array.from({ length: 5000 }, (_, host) =>
			request({ "server.address": `${host}.example` }),
		),
	);
	expect(hosts).toHaveLength(101);
	expect(hosts[0]).toMatchObject({ host: "(other hosts)", requests: 4900 });
});

it("takes setups and lookups in any order, and a later TLS handshake for the same connection", () => {
	const connection = { ...HOST, "conntrace.connection.id": "p-1" };
	const { hosts } = statisticsOf(
		lookup("s1"),
		setup("s1", connection),
		setup("s2", connection),
	);
	expect(hosts).toMatchObject([{ connections: 1, dnsLookups: 1 }]);
});

it("counts a sampled request for as many as it stands for", () => {
	const { overall } = statisticsOf(
		fresh("first_connection", 4),
		...Array.from({ length: 3 }, () =>
			request({
				"conntrace.connection.reused": true,
				"conntrace.sampling.ratio": 0.1,
			}),
		),
	);
	expect(overall).toMatchObject({
		requests: 31,
		recorded: 4,
		fresh: 1,
		reused: 30,
		reuseRatio: 30 / 31,
		reusedLatency: { count: 30 },
	});
});

it("advises on what would save most first", () => {
	const { advice } = statisticsOf(
		fresh("first_connection", 50),
		fresh("keep_alive_disabled", 3),
		fresh("different_agent", 4),
	);
	expect(advice).toMatchObject([
		{ reason: "different_agent", requests: 1, change: true, savedMs: 4 },
		{ reason: "keep_alive_disabled", requests: 1, change: true, savedMs: 3 },
		{ reason: "first_connection", requests: 1, change: false },
	]);
	expect(advice[2]).not.toHaveProperty("savedMs");
});

it("says where the time of fresh connections went", () => {
	const { overall } = statisticsOf({
		...fresh("first_connection", 7, {
			"conntrace.connection.wait_ms": 9,
			"conntrace.dns.lookup_ms": 1,
			"conntrace.tcp.connect_ms": 2,
			"conntrace.tls.handshake_ms": 4,
			"conntrace.ttfb_ms": 3,
		}),
		duration: 14,
	});
	expect(overall.freshTime).toEqual({
		waitMs: 2,
		dnsMs: 1,
		tcpMs: 2,
		tlsMs: 4,
		firstByteMs: 3,
		otherMs: 2,
	});
});
