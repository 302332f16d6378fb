import { describe, expect, it } from "vitest";
import { percentile, summarize } from "../../src/report/analysis.js";
import type { AttributeValue, Span } from "../../src/report/span.js";

function span(
	name: string,
	milliseconds: number,
	attributes: Record<string, AttributeValue> = {},
): Span {
	return {
		traceId: "0".repeat(32),
		spanId: "0".repeat(16),
		name,
		startTime: 1_000_000_000n,
		endTime: 1_000_000_000n + BigInt(milliseconds * 1e6),
		attributes,
	};
}

function fresh(milliseconds: number, reason: string, setup: number): Span {
	return span("DynamoDB.PutItem", milliseconds, {
		"http.request.method": "POST",
		"conntrace.connection.reused": false,
		"conntrace.connection.reason": reason,
		"conntrace.connection.setup_ms": setup,
	});
}

function reused(milliseconds: number): Span {
	return span("DynamoDB.PutItem", milliseconds, {
		"http.request.method": "POST",
		"conntrace.connection.reused": true,
	});
}

describe("summarize", () => {
	it("counts requests, connections, lookups and reasons, and adds up the set-up", () => {
		const summary = summarize([
			fresh(30, "first_connection", 20),
			span("connection.setup", 20),
			span("dns.lookup", 5),
			span("tcp.connect", 5),
			span("tls.handshake", 10),
			reused(2),
			fresh(25, "keep_alive_disabled", 15.5),
			span("dns.lookup", 5),
			fresh(26, "keep_alive_disabled", 16),
			reused(3),
		]);
		expect(summary).toEqual({
			requests: 5,
			fresh: 3,
			reused: 2,
			dnsLookups: 2,
			latency: { p50: 25, p95: 30 },
			setup: 51.5,
			reasons: [
				{ reason: "keep_alive_disabled", count: 2 },
				{ reason: "first_connection", count: 1 },
			],
		});
	});

	it("counts a request that never got a connection as neither fresh nor reused", () => {
		const summary = summarize([
			span("GET", 1, { "http.request.method": "GET" }),
		]);
		expect(summary).toMatchObject({ requests: 1, fresh: 0, reused: 0 });
	});

	it("has no latency without requests", () => {
		expect(summarize([span("dns.lookup", 1)])).toEqual({
			requests: 0,
			fresh: 0,
			reused: 0,
			dnsLookups: 1,
			setup: 0,
			reasons: [],
		});
	});

	it("shows a fresh connection whose reason is missing", () => {
		const summary = summarize([
			span("GET", 1, {
				"http.request.method": "GET",
				"conntrace.connection.reused": false,
			}),
		]);
		expect(summary.reasons).toEqual([{ reason: "(not given)", count: 1 }]);
	});
});

describe("percentile", () => {
	const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1);

	it.each([
		[[7], 50, 7],
		[[7], 95, 7],
		[[1, 2], 50, 1],
		[[1, 2, 3], 50, 2],
		[upTo(20), 95, 19],
		[upTo(100), 95, 95],
		[upTo(100), 100, 100],
		[upTo(100), 0, 1],
	])("of %j at %i is %d", (sorted, percent, expected) => {
		expect(percentile(sorted, percent)).toBe(expected);
	});

	it("refuses no values", () => {
		expect(() => percentile([], 50)).toThrow("expected values");
	});
});
