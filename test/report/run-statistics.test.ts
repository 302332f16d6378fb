import { expect, it } from "vitest";
import {
	RunStatistics,
	type SpanFacts,
} from "../../src/report/run-statistics.js";

const HOST = { "server.address": "a.example", "server.port": 443 };

function request(
	attributes: SpanFacts["attributes"],
	duration = 10,
): SpanFacts {
	return {
		name: "GET",
		spanId: "request",
		duration,
		attributes: { "http.request.method": "GET", ...HOST, ...attributes },
	};
}

function fresh(reason: string, setup: number, more = {}): SpanFacts {
	return request({
		"conntrace.connection.reused": false,
		"conntrace.connection.reason": reason,
		"conntrace.connection.setup_ms": setup,
		...more,
	});
}

function setup(spanId: string, host = HOST): SpanFacts {
	return { name: "connection.setup", spanId, duration: 5, attributes: host };
}

function lookup(parentSpanId: string | undefined): SpanFacts {
	return {
		name: "dns.lookup",
		spanId: "lookup",
		parentSpanId,
		duration: 1,
		attributes: { "dns.question.name": "a.example" },
	};
}

function statisticsOf(...spans: SpanFacts[]): RunStatistics {
	const statistics = new RunStatistics();
	for (const span of spans) statistics.add(span);
	return statistics;
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
			setup: 4,
		},
		{ host: "a.example:80", connections: 1, requests: 0, dnsLookups: 1 },
	]);
	expect(hosts[0]?.freshLatency.count).toBe(1);
	expect(hosts[0]?.reusedLatency.count).toBe(1);
});

it("gives a lookup that no connection asked for to no host", () => {
	const { hosts } = statisticsOf(
		lookup(undefined),
		setup("s1"),
		lookup("another"),
		lookup(undefined),
	);
	expect(hosts).toMatchObject([{ connections: 1, dnsLookups: 0 }]);
});

it("sums set-up by reason, the most expensive first", () => {
	const { reasons } = statisticsOf(
		fresh("first_connection", 4),
		fresh("keep_alive_disabled", 3),
		fresh("keep_alive_disabled", 3),
		fresh("no reason of ours", 100),
	);
	expect(reasons).toEqual([
		{ reason: "keep_alive_disabled", count: 2, setup: 6 },
		{ reason: "first_connection", count: 1, setup: 4 },
	]);
});

it("lists a finding once, with the requests that showed it", () => {
	const shown = { "conntrace.findings": ["responses_unread"] };
	const { findings } = statisticsOf(
		fresh("body_unconsumed", 1, shown),
		fresh("body_unconsumed", 1, shown),
		request({ "conntrace.findings": ["client_per_call", "of another time"] }),
	);
	expect(findings).toEqual([
		{ code: "client_per_call", count: 1 },
		{ code: "responses_unread", count: 2 },
	]);
});

it("has one row for all hosts beyond the hundredth", () => {
	const statistics = new RunStatistics();
	for (let host = 0; host < 5000; host++)
		statistics.add(request({ "server.address": `${host}.example` }));
	const { hosts } = statistics;
	expect(hosts).toHaveLength(101);
	expect(hosts[0]).toMatchObject({ host: "(other hosts)", requests: 4900 });
});
