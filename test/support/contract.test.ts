import { expect, test } from "vitest";
import { checkContract } from "./contract.js";
import { compareWithServer } from "./ground-truth.js";
import type { ServerConnection } from "./server.js";
import { type Span, SpanKind } from "./spans.js";

type Mutable<T> = { -readonly [key in keyof T]: T[key] };
type Draft = Mutable<Omit<Span, "attributes">> & {
	attributes: Record<string, Span["attributes"][string] | undefined>;
};

const TRACE = "a".repeat(32);
const OTHER_TRACE = "b".repeat(32);

/** Times in milliseconds. */
function span(
	id: string,
	name: string,
	[start, end]: readonly [number, number],
	attributes: Draft["attributes"],
	rest: Partial<Span> = {},
): Draft {
	return {
		traceId: TRACE,
		spanId: id.padStart(16, "0"),
		parentSpanId: undefined,
		name,
		kind: SpanKind.internal,
		start: BigInt(start * 1e6),
		end: BigInt(end * 1e6),
		attributes,
		links: [],
		error: false,
		scope: "conntrace",
		...rest,
	};
}

const childOf = (id: string): Partial<Span> => ({
	parentSpanId: id.padStart(16, "0"),
});

const ENDPOINT = {
	"network.peer.address": "127.0.0.1",
	"network.peer.port": 443,
	"network.local.port": 50_000,
};

/**
 * A put on a fresh connection with two connect attempts, a put that waited for that connection, one on it later, a
 * request that failed, and a lookup by the program.
 */
function goodSpans() {
	const put = {
		"http.request.method": "POST",
		"url.full": "https://localhost/?a=REDACTED",
		"server.address": "localhost",
		"server.port": 443,
		"network.protocol.version": "1.1",
		"http.response.status_code": 200,
		...ENDPOINT,
		"conntrace.connection.id": "c1",
		"conntrace.ttfb_ms": 2,
		"rpc.system.name": "aws-api",
		"rpc.method": "DynamoDB/PutItem",
		"db.system.name": "aws.dynamodb",
		"db.operation.name": "PutItem",
		"conntrace.aws.attempt": 1,
		"conntrace.aws.max_attempts": 4,
	};
	const client = { kind: SpanKind.client };
	const link = {
		traceId: TRACE,
		spanId: "2".padStart(16, "0"),
		attributes: { "conntrace.connection.id": "c1" },
	};
	return {
		fresh: span(
			"1",
			"DynamoDB.PutItem",
			[0, 20],
			{
				...put,
				"conntrace.connection.reused": false,
				"conntrace.connection.request_number": 1,
				"conntrace.connection.setup_ms": 10,
				"conntrace.dns.lookup_ms": 2,
				"conntrace.tcp.connect_ms": 3,
				"conntrace.tls.handshake_ms": 5,
				"conntrace.connection.reason": "pool_busy",
				"conntrace.connection.reason_detail": "1 connection, busy",
				"conntrace.connection.contributing": ["max_free_sockets"],
				"conntrace.pool.free": 0,
				"conntrace.pool.busy": 1,
				"conntrace.pool.queued": 0,
				"conntrace.pool.max": 50,
			} as Draft["attributes"],
			client,
		),
		setup: span(
			"2",
			"connection.setup",
			[1, 11],
			{
				"conntrace.connection.id": "c1",
				"conntrace.connection.reason": "pool_busy",
				"server.address": "localhost",
				"server.port": 443,
				"network.transport": "tcp",
				...ENDPOINT,
			},
			childOf("1"),
		),
		lookup: span(
			"3",
			"dns.lookup",
			[1, 3],
			{
				"dns.question.name": "localhost",
				"dns.answers": ["::1", "127.0.0.1"],
				"conntrace.dns.in_flight": 0,
			},
			childOf("2"),
		),
		failedConnect: span(
			"4",
			"tcp.connect",
			[3.001, 4],
			{
				"network.peer.address": "::1",
				"network.peer.port": 443,
				"network.transport": "tcp",
				"network.type": "ipv6",
				"conntrace.tcp.attempt": 1,
				"error.type": "ECONNREFUSED",
			},
			{ ...childOf("2"), error: true },
		),
		connect: span(
			"5",
			"tcp.connect",
			[4, 6],
			{
				...ENDPOINT,
				"network.local.address": "127.0.0.1",
				"network.transport": "tcp",
				"network.type": "ipv4",
				"conntrace.tcp.attempt": 2,
			},
			childOf("2"),
		),
		handshake: span(
			"6",
			"tls.handshake",
			[6.001, 11],
			{
				"server.address": "localhost",
				"tls.protocol.name": "tls",
				"tls.protocol.version": "1.3",
				"tls.cipher": "TLS_AES_256_GCM_SHA384",
				"tls.resumed": false,
				"tls.server.subject": "CN=localhost",
				"tls.server.issuer": "CN=authority",
				"tls.server.not_after": "2030-01-01T00:00:00.000Z",
			},
			childOf("2"),
		),
		waiting: span(
			"7",
			"DynamoDB.PutItem",
			[5, 30],
			{
				...put,
				"conntrace.connection.reused": true,
				"conntrace.connection.request_number": 2,
				"conntrace.connection.age_ms": 9,
				"conntrace.connection.idle_ms": 0,
				"conntrace.connection.wait_ms": 15,
				"conntrace.pool.free": 0,
				"conntrace.pool.busy": 1,
				"conntrace.pool.queued": 0,
			} as Draft["attributes"],
			{ ...client, links: [link] },
		),
		wait: span("8", "connection.wait", [5, 20], {}, childOf("7")),
		reused: span(
			"9",
			"DynamoDB.PutItem",
			[40, 50],
			{
				...put,
				"conntrace.aws.attempt": 2,
				"http.request.resend_count": 1,
				"conntrace.connection.reused": true,
				"conntrace.connection.request_number": 3,
				"conntrace.connection.age_ms": 29,
				"conntrace.connection.idle_ms": 10,
			} as Draft["attributes"],
			{ ...client, links: [link] },
		),
		failed: span(
			"a",
			"GET",
			[50, 60],
			{
				"http.request.method": "GET",
				"url.full": "http://localhost/",
				"server.address": "localhost",
				"server.port": 80,
				"network.protocol.version": "1.1",
				"error.type": "ENOTFOUND",
			},
			{ ...client, error: true, traceId: OTHER_TRACE },
		),
		programsLookup: span(
			"b",
			"dns.lookup",
			[60, 61],
			{
				"dns.question.name": "localhost",
				"conntrace.dns.in_flight": 1,
				"error.type": "ENOTFOUND",
			},
			{ error: true, traceId: OTHER_TRACE },
		),
	};
}

type Spans = ReturnType<typeof goodSpans>;

function check(breakIt: (spans: Spans) => void = () => {}): string[] {
	const spans = goodSpans();
	breakIt(spans);
	return checkContract(
		Object.values(spans).map((draft) => ({
			...draft,
			attributes: Object.fromEntries(
				Object.entries(draft.attributes).filter(
					([, value]) => value !== undefined,
				),
			) as Span["attributes"],
		})),
	);
}

const set =
	(name: keyof Spans, attributes: Draft["attributes"]) =>
	(spans: Spans): void => {
		Object.assign(spans[name].attributes, attributes);
	};

const shape =
	(name: keyof Spans, change: Partial<Span>) =>
	(spans: Spans): void => {
		Object.assign(spans[name], change);
	};

test("spans as the contract wants them", () => {
	expect(check()).toEqual([]);
});

test("a child may reach out of its parent by a microsecond", () => {
	expect(check(shape("setup", { end: 20_001_000n }))).not.toContainEqual(
		expect.stringMatching(/after/),
	);
});

test("a parent that the program exports", () => {
	const { failed } = goodSpans();
	const spans = [
		{ ...failed, parentSpanId: "f".repeat(16) } as unknown as Span,
	];
	expect(checkContract(spans)).toHaveLength(1);
	expect(
		checkContract(spans, { foreignParents: new Set(["f".repeat(16)]) }),
	).toEqual([]);
});

const BROKEN: Readonly<
	Record<string, readonly [(spans: Spans) => void, RegExp]>
> = {
	"trace id of zeros": [
		shape("failed", { traceId: "0".repeat(32) }),
		/trace id/,
	],
	"span id of zeros": [shape("failed", { spanId: "0".repeat(16) }), /span id/],
	"span id used twice": [
		shape("failed", { spanId: "b".padStart(16, "0") }),
		/used twice/,
	],
	"kind of a request": [shape("failed", { kind: 1 }), /not CLIENT/],
	"kind of a phase": [shape("lookup", { kind: 3 }), /not INTERNAL/],
	"name of an AWS call": [shape("fresh", { name: "POST" }), /its name/],
	"name of a request": [shape("failed", { name: "GET /" }), /its name/],
	"parent that is not there": [
		shape("failed", { parentSpanId: "c".repeat(16) }),
		/not exported/,
	],
	"parent in another trace": [
		shape("setup", { traceId: OTHER_TRACE }),
		/another trace/,
	],
	"request under a request": [shape("reused", childOf("1")), /is under/],
	"phase under a request": [shape("lookup", childOf("1")), /is under/],
	"phase without a setup": [
		shape("connect", { parentSpanId: undefined }),
		/no parent/,
	],
	"end before the start": [
		shape("failed", { end: 49_000_000n }),
		/ends before it starts/,
	],
	"start before the parent": [
		shape("setup", { start: -1_100n }),
		/before DynamoDB.PutItem/,
	],
	"end after the parent": [
		shape("setup", { end: 20_001_100n }),
		/after DynamoDB.PutItem/,
	],
	"missing attribute": [set("failed", { "url.full": undefined }), /missing/],
	"attribute of another type": [
		set("fresh", { "server.port": "443" }),
		/server.port is "443"/,
	],
	"zero for what did not happen": [
		set("fresh", { "conntrace.dns.lookup_ms": 0 }),
		/lookup_ms is 0/,
	],
	"empty text": [
		set("failed", { "server.address": "" }),
		/server.address is ""/,
	],
	"false by default": [
		set("failed", { "conntrace.unfinished": false }),
		/unfinished is false/,
	],
	"attribute of ours that the contract does not have": [
		set("reused", { "conntrace.connection.reuse": true }),
		/not in the contract/,
	],
	"attribute that no convention has": [
		set("lookup", { "peer.ipv4": "127.0.0.1" }),
		/not in the contract/,
	],
	"attribute of the package": [
		set("handshake", { "tls.certificate.fingerprint": "00" }),
		/not in the contract/,
	],
	"ERROR without error.type": [
		shape("reused", { error: true }),
		/without error.type/,
	],
	"error.type without ERROR": [
		set("reused", { "error.type": "EPIPE" }),
		/without status ERROR/,
	],
	"value in a query": [
		set("fresh", { "url.full": "https://localhost/?token=abc" }),
		/value of token/,
	],
	"user in a URL": [
		set("fresh", { "url.full": "https://me:pw@localhost/" }),
		/user information/,
	],
	"no URL": [set("fresh", { "url.full": "/path" }), /no URL/],
	"neither response nor error": [
		set("reused", { "http.response.status_code": undefined }),
		/neither a response nor an error/,
	],
	"response from nowhere": [
		set("reused", { "network.peer.address": undefined }),
		/peer.address is missing/,
	],
	"status of an error without error.type": [
		set("reused", { "http.response.status_code": 500 }),
		/status is 500/,
	],
	"first byte after the end": [
		set("reused", { "conntrace.ttfb_ms": 11 }),
		/longer than the request/,
	],
	"connection without reused": [
		set("fresh", { "conntrace.connection.reused": undefined }),
		/come together/,
	],
	"number without a connection": [
		set("failed", { "conntrace.connection.request_number": 1 }),
		/no connection was assigned/,
	],
	"number against reused": [
		set("fresh", { "conntrace.connection.request_number": 2 }),
		/request number 2 with reused = false/,
	],
	"age of a fresh connection": [
		set("fresh", { "conntrace.connection.age_ms": 1 }),
		/age_ms is there/,
	],
	"setup of a reused connection": [
		set("reused", { "conntrace.connection.setup_ms": 1 }),
		/setup_ms is there/,
	],
	"reason of a reused connection": [
		set("reused", { "conntrace.connection.reason": "unknown" }),
		/reason is there/,
	],
	"reused without idle time": [
		set("reused", { "conntrace.connection.idle_ms": undefined }),
		/idle_ms is missing/,
	],
	"idle longer than old": [
		set("reused", { "conntrace.connection.idle_ms": 30 }),
		/idle for longer/,
	],
	"fresh without reason": [
		set("fresh", { "conntrace.connection.reason": undefined }),
		/reason is missing/,
	],
	"fresh without detail": [
		set("fresh", { "conntrace.connection.reason_detail": undefined }),
		/reason_detail is missing/,
	],
	"reason nobody knows": [
		set("fresh", { "conntrace.connection.reason": "cold" }),
		/not a reason of the contract/,
	],
	"reason that contributes to itself": [
		set("fresh", { "conntrace.connection.contributing": ["pool_busy"] }),
		/reason and contributing/,
	],
	"contributing twice": [
		set("fresh", {
			"conntrace.connection.contributing": ["no_pool", "no_pool"],
		}),
		/each once/,
	],
	"previous connection is the same": [
		set("fresh", { "conntrace.connection.previous_id": "c1" }),
		/names the connection itself/,
	],
	"previous connection nobody knows": [
		set("fresh", { "conntrace.connection.previous_id": "c9" }),
		/c9 is unknown/,
	],
	"no link": [shape("reused", { links: [] }), /no link/],
	"link to its own setup": [
		(spans) => {
			spans.fresh.links = spans.reused.links;
		},
		/caused its connection itself/,
	],
	"link to nothing": [
		(spans) => {
			const [link] = spans.reused.links;
			if (link) spans.reused.links = [{ ...link, spanId: "d".repeat(16) }];
		},
		/no connection.setup/,
	],
	"link to another span": [
		(spans) => {
			const [link] = spans.reused.links;
			if (link) spans.reused.links = [{ ...link, spanId: spans.lookup.spanId }];
		},
		/no connection.setup/,
	],
	"link without connection id": [
		(spans) => {
			const [link] = spans.reused.links;
			if (link) spans.reused.links = [{ ...link, attributes: {} }];
		},
		/link names connection undefined/,
	],
	"setup time that is not the span's": [
		set("fresh", { "conntrace.connection.setup_ms": 11 }),
		/setup_ms is 11, its span took 10/,
	],
	"setup time left out": [
		set("fresh", { "conntrace.connection.setup_ms": undefined }),
		/setup_ms is undefined/,
	],
	"lookup time that is not the span's": [
		set("fresh", { "conntrace.dns.lookup_ms": 3 }),
		/lookup_ms is 3/,
	],
	"connect time that is not that of all attempts": [
		set("fresh", { "conntrace.tcp.connect_ms": 2 }),
		/connect_ms is 2, its span took 2\.999/,
	],
	"handshake time without a handshake": [
		(spans) => {
			shape("handshake", { name: "dns.lookup" })(spans);
		},
		/handshake_ms is 5, its span took undefined/,
	],
	"wait that is not the span's": [
		set("waiting", { "conntrace.connection.wait_ms": 14 }),
		/wait_ms is 14/,
	],
	"wait without a span": [
		set("reused", { "conntrace.connection.wait_ms": 14 }),
		/wait_ms is 14/,
	],
	"wait that starts late": [
		shape("wait", { start: 6_000_000n }),
		/does not start with the request/,
	],
	"some counts of a pool": [
		set("fresh", { "conntrace.pool.busy": undefined }),
		/only some/,
	],
	"pool of a request that needed none": [
		set("reused", {
			"conntrace.pool.free": 1,
			"conntrace.pool.busy": 0,
			"conntrace.pool.queued": 0,
		}),
		/neither waited nor is fresh/,
	],
	"AWS attributes without a call": [
		set("failed", { "cloud.region": "eu-west-1" }),
		/no AWS call/,
	],
	"DynamoDB without its attributes": [
		set("fresh", { "db.system.name": undefined }),
		/db.system.name is missing/,
	],
	"operation that is not the method": [
		set("fresh", { "db.operation.name": "GetItem" }),
		/not the method/,
	],
	"resend count of a first attempt": [
		set("fresh", { "http.request.resend_count": 1 }),
		/attempt 1 with/,
	],
	"second attempt without resend count": [
		set("reused", { "http.request.resend_count": undefined }),
		/attempt 2 with/,
	],
	"more attempts than the most": [
		set("reused", { "conntrace.aws.max_attempts": 1 }),
		/more attempts/,
	],
	"connection id of two setups": [
		shape("lookup", {
			name: "connection.setup",
			attributes: { "conntrace.connection.id": "c1" },
		}),
		/c1 is used twice/,
	],
	"setup without an address": [
		set("setup", { "network.local.port": undefined }),
		/local.port is missing/,
	],
	"setup without a reason": [
		set("setup", { "conntrace.connection.reason": undefined }),
		/though a request caused it/,
	],
	"two reasons for one connection": [
		set("setup", { "conntrace.connection.reason": "unknown" }),
		/its request says pool_busy/,
	],
	"two ports of one connection": [
		set("reused", { "network.local.port": 50_001 }),
		/local.port differs/,
	],
	"connect before the lookup ends": [
		shape("failedConnect", { start: 2_900_000n }),
		/starts -\d+ ns after the end of the phase before it/,
	],
	"handshake as the connect ends": [
		shape("handshake", { start: 6_000_000n }),
		/starts 0 ns after the end of the phase before it/,
	],
	"handshake before the connect ends": [
		shape("handshake", { start: 5_900_000n }),
		/starts -\d+ ns after the end of the phase before it/,
	],
	"attempts out of order": [
		set("connect", { "conntrace.tcp.attempt": 3 }),
		/attempts are numbered 1,3/,
	],
	"setup longer than its phases": [
		(spans) => {
			shape("setup", { end: 14_000_000n })(spans);
		},
		/takes 13 ms, its phases 9\.998/,
	],
	"lookup without answers": [
		set("lookup", { "dns.answers": undefined }),
		/answers is missing/,
	],
	"failed lookup with answers": [
		set("programsLookup", { "dns.answers": ["127.0.0.1"] }),
		/answers is there/,
	],
	"connect from nowhere": [
		set("connect", { "network.local.address": undefined }),
		/local.address is missing/,
	],
	"network type of another address": [
		set("connect", { "network.type": "ipv6" }),
		/network.type is not that/,
	],
	"handshake without a cipher": [
		set("handshake", { "tls.cipher": undefined }),
		/cipher is missing/,
	],
	"full handshake without a certificate": [
		set("handshake", { "tls.server.subject": undefined }),
		/subject is missing/,
	],
	"certificate's end in another form": [
		set("handshake", { "tls.server.not_after": "Jan  1 00:00:00 2030 GMT" }),
		/ISO 8601/,
	],
	"request number left out": [
		set("waiting", { "conntrace.connection.request_number": 4 }),
		/numbered 1,3,4/,
	],
	"idle time under another request": [
		set("waiting", { "network.protocol.version": "2" }),
		/idle under another request/,
	],
	"request number given twice": [
		set("waiting", { "conntrace.connection.request_number": 3 }),
		/numbered 1,3,3/,
	],
};

test.each(Object.entries(BROKEN))("%s", (_name, [breakIt, complaint]) => {
	expect(check(breakIt)).toContainEqual(expect.stringMatching(complaint));
});

// Against the server

function serverConnection(
	number: number,
	remotePort: number,
	count: number,
): ServerConnection {
	const requests = Array.from({ length: count }, (_, index) => ({
		connection: number,
		number: index + 1,
		method: "POST",
		path: "/?a=secret",
		headers: { "x-amz-target": "DynamoDB_20120810.PutItem" },
		rawHeaders: [],
	}));
	return { number, remotePort, requests };
}

function compare(
	connections: readonly ServerConnection[],
	breakIt: (spans: Spans) => void = () => {},
): string[] {
	const spans = goodSpans();
	breakIt(spans);
	return compareWithServer(Object.values(spans) as unknown as Span[], {
		port: 443,
		connections,
	});
}

test("spans that agree with the server", () => {
	expect(compare([serverConnection(1, 50_000, 3)])).toEqual([]);
});

test("a failed request may not have reached the server", () => {
	const connections = [serverConnection(1, 50_000, 2)];
	expect(compare(connections)).toHaveLength(1);
	expect(compare(connections, shape("reused", { error: true }))).toEqual([]);
});

const DISAGREEING: Readonly<
	Record<
		string,
		readonly [readonly ServerConnection[], (spans: Spans) => void, RegExp]
	>
> = {
	"connection without a span": [
		[serverConnection(1, 50_000, 3), serverConnection(2, 50_001, 1)],
		() => {},
		/connection 2: 0 spans/,
	],
	"request without a span": [
		[serverConnection(1, 50_000, 4)],
		() => {},
		/no span/,
	],
	"request the server did not see": [
		[serverConnection(1, 50_000, 2)],
		() => {},
		/did not see request 3/,
	],
	"wrong reuse flag": [
		[serverConnection(1, 50_000, 3)],
		set("fresh", { "conntrace.connection.reused": true }),
		/reused = true/,
	],
	"wrong number": [
		[serverConnection(1, 50_000, 3)],
		set("reused", { "conntrace.connection.request_number": 4 }),
		/numbered 4/,
	],
	"call that was not recognised": [
		[serverConnection(1, 50_000, 3)],
		set("reused", { "rpc.method": undefined }),
		/rpc.method is undefined/,
	],
	"two ids of one connection": [
		[serverConnection(1, 50_000, 3)],
		set("reused", { "conntrace.connection.id": "c2" }),
		/has ids c1,c2/,
	],
	"one id of two connections": [
		[serverConnection(1, 50_000, 2), serverConnection(2, 50_001, 1)],
		set("reused", {
			"network.local.port": 50_001,
			"conntrace.connection.reused": false,
			"conntrace.connection.request_number": 1,
		}),
		/have the same id c1/,
	],
};

test.each(Object.entries(DISAGREEING))(
	"%s",
	(_name, [connections, breakIt, complaint]) => {
		expect(compare(connections, breakIt)).toContainEqual(
			expect.stringMatching(complaint),
		);
	},
);
