import { checkAttributes, PART_NAMES } from "./attribute-schema.js";
import { duration, type Span, SpanKind } from "./spans.js";

export interface ContractOptions {
	/** Ids of the program's own spans, which may be parents without being exported with ours. */
	readonly foreignParents?: ReadonlySet<string>;
}

/**
 * Times are rounded to nanoseconds from fractions of milliseconds, a child may reach out of its parent by this much, and
 * phases stand this far apart.
 */
const TOLERANCE = 1000n;
const TOLERANCE_MS = Number(TOLERANCE) / 1e6;

/** Holds exported spans against every rule of the trace contract that can be seen in them; an empty list is good news. */
export function checkContract(
	spans: readonly Span[],
	options: ContractOptions = {},
): string[] {
	const trace = new Trace(spans, options.foreignParents ?? new Set());
	const problems = spans.flatMap((span) =>
		RULES.flatMap((rule) => [...rule(span, trace)]).map(
			(problem) => `${span.name} ${span.spanId}: ${problem}`,
		),
	);
	return [...problems, ...checkNumbers(trace), ...checkIdleTimes(trace)];
}

class Trace {
	private readonly byId = new Map<string, Span[]>();

	constructor(
		readonly spans: readonly Span[],
		readonly foreignParents: ReadonlySet<string>,
	) {
		for (const span of spans)
			this.byId.set(span.spanId, [...(this.byId.get(span.spanId) ?? []), span]);
	}

	withId(id: string): readonly Span[] {
		return this.byId.get(id) ?? [];
	}

	parentOf({ parentSpanId }: Span): Span | undefined {
		return parentSpanId === undefined
			? undefined
			: this.withId(parentSpanId)[0];
	}

	childrenOf({ spanId }: Span, name: string): Span[] {
		return this.spans
			.filter((span) => span.parentSpanId === spanId && span.name === name)
			.sort((a, b) => Number(a.start - b.start));
	}

	setupsOf(connectionId: string): Span[] {
		return this.spans.filter(
			(span) =>
				span.name === "connection.setup" &&
				span.attributes["conntrace.connection.id"] === connectionId,
		);
	}

	requestsOn(connectionId: string): Span[] {
		return this.spans.filter(
			(span) =>
				isRequest(span) &&
				span.attributes["conntrace.connection.id"] === connectionId,
		);
	}
}

type Rule = (span: Span, trace: Trace) => Iterable<string>;

const RULES: readonly Rule[] = [
	hasIds,
	hasNameAndKind,
	hasParent,
	staysInParent,
	hasAttributes,
	hasStatus,
	...[
		redactsUrl,
		reportsResponse,
		identifiesConnection,
		describesReuse,
		describesFreshness,
		linksSetup,
		accountsForSetup,
		accountsForWait,
		describesPool,
		describesAwsCall,
	].map(ofRequests),
	countsConnections,
	ofParts("connection.setup", describesSetup),
	ofParts("connection.setup", hasPhasesInOrder),
	ofParts("dns.lookup", describesLookup),
	ofParts("tcp.connect", describesAttempt),
	ofParts("tls.handshake", describesHandshake),
];

function isRequest(span: Span): boolean {
	return !PART_NAMES.includes(span.name) && !isInvocation(span);
}

function isInvocation({ attributes }: Span): boolean {
	return "faas.invocation.id" in attributes;
}

function isUnfinished({ attributes }: Span): boolean {
	return attributes["conntrace.unfinished"] === true;
}

/** Neither failed nor cut short. */
function succeeded(span: Span): boolean {
	return !span.error && !isUnfinished(span);
}

function ofRequests(rule: Rule): Rule {
	return (span, trace) => (isRequest(span) ? rule(span, trace) : []);
}

function ofParts(name: string, rule: Rule): Rule {
	return (span, trace) => (span.name === name ? rule(span, trace) : []);
}

function* absent(
	{ attributes }: Span,
	when: string,
	names: readonly string[],
): Generator<string> {
	for (const name of names) {
		if (name in attributes) yield `${name} is there though ${when}`;
	}
}

function* present(
	{ attributes }: Span,
	when: string,
	names: readonly string[],
): Generator<string> {
	for (const name of names) {
		if (!(name in attributes)) yield `${name} is missing though ${when}`;
	}
}

// Every span

function* hasIds({ traceId, spanId }: Span, trace: Trace): Generator<string> {
	if (!/^(?!0+$)[0-9a-f]{32}$/.test(traceId)) yield `trace id ${traceId}`;
	if (!/^(?!0+$)[0-9a-f]{16}$/.test(spanId)) yield `span id ${spanId}`;
	if (trace.withId(spanId).length > 1) yield "span id is used twice";
}

function* hasNameAndKind(span: Span): Generator<string> {
	const { name, kind, attributes } = span;
	if (isInvocation(span)) {
		if (kind !== SpanKind.server) yield `kind ${kind}, not SERVER`;
		if (name !== attributes["faas.name"]) yield "is not named as its function";
		return;
	}
	if (!isRequest(span)) {
		if (kind !== SpanKind.internal) yield `kind ${kind}, not INTERNAL`;
		return;
	}
	if (kind !== SpanKind.client) yield `kind ${kind}, not CLIENT`;
	const expected =
		typeof attributes["rpc.method"] === "string" &&
		attributes["rpc.method"].includes("/")
			? attributes["rpc.method"].replace("/", ".")
			: attributes["http.request.method"];
	if (name !== expected) yield `its name should be ${expected}`;
}

const PARENTS: Readonly<Record<string, (parent: Span) => boolean>> = {
	"connection.wait": isRequest,
	"connection.setup": (parent) => isRequest(parent) || isInvocation(parent),
	"dns.lookup": (parent) =>
		parent.name === "connection.setup" || isInvocation(parent),
	"tcp.connect": ({ name }) => name === "connection.setup",
	"proxy.tunnel": ({ name }) => name === "connection.setup",
	"tls.handshake": ({ name }) => name === "connection.setup",
};

/** Spans that may stand alone: connections and lookups that the program made itself. */
const MAY_BE_ROOT = ["connection.setup", "dns.lookup"];

function* hasParent(span: Span, trace: Trace): Generator<string> {
	const { name, parentSpanId } = span;
	const parent = trace.parentOf(span);
	const foreign =
		parentSpanId !== undefined && trace.foreignParents.has(parentSpanId);
	if (parentSpanId !== undefined && !parent && !foreign)
		yield `parent ${parentSpanId} was not exported`;
	if (parent && parent.traceId !== span.traceId)
		yield "is in another trace than its parent";
	if (isRequest(span) || isInvocation(span)) {
		if (parent && !(isRequest(span) && isInvocation(parent)))
			yield `is under ${parent.name}`;
		return;
	}
	if (parent && !PARENTS[name]?.(parent)) yield `is under ${parent.name}`;
	if (!parent && !MAY_BE_ROOT.includes(name)) yield "has no parent of ours";
}

function* staysInParent(span: Span, trace: Trace): Generator<string> {
	if (span.end < span.start) yield "ends before it starts";
	const parent = trace.parentOf(span);
	if (!parent) return;
	if (span.start < parent.start - TOLERANCE)
		yield `starts ${parent.start - span.start} ns before ${parent.name}`;
	// A handler may return without waiting for what it began.
	if (span.end > parent.end + TOLERANCE && !isInvocation(parent))
		yield `ends ${span.end - parent.end} ns after ${parent.name}`;
}

function hasAttributes({ name, attributes }: Span): Iterable<string> {
	return checkAttributes(name, attributes);
}

function* hasStatus({ attributes, error }: Span): Generator<string> {
	if (error && !("error.type" in attributes))
		yield "status ERROR without error.type";
	if (!error && "error.type" in attributes)
		yield `error.type ${attributes["error.type"]} without status ERROR`;
}

// Requests

function* redactsUrl({ attributes }: Span): Generator<string> {
	const text = String(attributes["url.full"]);
	if (!URL.canParse(text)) {
		yield `url.full is no URL: ${text}`;
		return;
	}
	const url = new URL(text);
	if (url.username || url.password) yield "url.full has user information";
	for (const [name, value] of url.searchParams) {
		if (value !== "REDACTED" && value !== "")
			yield `url.full shows the value of ${name}`;
	}
}

function* reportsResponse(span: Span): Generator<string> {
	const { attributes } = span;
	const status = attributes["http.response.status_code"];
	if (status === undefined) {
		if (succeeded(span)) yield "neither a response nor an error";
		return;
	}
	yield* present(span, "a response came", [
		"conntrace.connection.id",
		"network.peer.address",
		"network.peer.port",
		"network.local.port",
		"conntrace.connection.request_number",
	]);
	if (Number(status) >= 400 && !("error.type" in attributes))
		yield `error.type is missing though the status is ${status}`;
	const timeToFirstByte = attributes["conntrace.ttfb_ms"];
	if (
		typeof timeToFirstByte === "number" &&
		timeToFirstByte > duration(span) + TOLERANCE_MS
	)
		yield "conntrace.ttfb_ms is longer than the request";
}

function* identifiesConnection(span: Span): Generator<string> {
	const { attributes } = span;
	const hasId = "conntrace.connection.id" in attributes;
	if (hasId !== "conntrace.connection.reused" in attributes)
		yield "conntrace.connection.id and .reused come together or not at all";
	if (!hasId) {
		yield* absent(span, "no connection was assigned", [
			"conntrace.connection.request_number",
			"network.peer.address",
			"network.local.port",
		]);
	}
	const reused = attributes["conntrace.connection.reused"];
	const number = attributes["conntrace.connection.request_number"];
	if (number !== undefined && Number(number) > 1 !== reused)
		yield `request number ${number} with reused = ${reused}`;
}

const FRESH_ONLY = [
	"conntrace.connection.setup_ms",
	"conntrace.dns.lookup_ms",
	"conntrace.tcp.connect_ms",
	"conntrace.tls.handshake_ms",
	"conntrace.proxy.tunnel_ms",
	"conntrace.connection.reason",
	"conntrace.connection.reason_detail",
	"conntrace.connection.contributing",
	"conntrace.connection.previous_id",
];

const REUSED_ONLY = [
	"conntrace.connection.age_ms",
	"conntrace.connection.idle_ms",
];

function* describesReuse(span: Span, trace: Trace): Generator<string> {
	if (span.attributes["conntrace.connection.reused"] !== true) {
		yield* absent(span, "the connection is not reused", REUSED_ONLY);
		return;
	}
	yield* absent(span, "the connection is reused", FRESH_ONLY);
	yield* present(span, "the connection is reused", [
		...(isMultiplexed(span) || isPipelined(span, trace) ? [] : REUSED_ONLY),
		"conntrace.connection.request_number",
		"network.peer.address",
		"network.peer.port",
		"network.local.port",
	]);
	const { attributes } = span;
	const age = Number(attributes["conntrace.connection.age_ms"]);
	const idle = Number(attributes["conntrace.connection.idle_ms"] ?? 0);
	if (idle > age + TOLERANCE_MS) yield "it was idle for longer than its age";
}

/** Such a connection may carry other requests meanwhile, or be in the making. */
function isMultiplexed({ attributes }: Span): boolean {
	return attributes["network.protocol.version"] === "2";
}

/** Sent while its connection carried requests before it. */
function isPipelined(span: Span, trace: Trace): boolean {
	const number = numberOf(span);
	return trace
		.requestsOn(String(span.attributes["conntrace.connection.id"]))
		.some((other) => numberOf(other) < number && other.end > span.start);
}

function numberOf({ attributes }: Span): number {
	return Number(attributes["conntrace.connection.request_number"]);
}

function* describesFreshness(span: Span, trace: Trace): Generator<string> {
	const { attributes } = span;
	if (attributes["conntrace.connection.reused"] !== false) {
		yield* absent(span, "the connection is not fresh", FRESH_ONLY);
		return;
	}
	yield* present(span, "the connection is fresh", [
		"conntrace.connection.reason",
		"conntrace.connection.reason_detail",
	]);
	const reason = attributes["conntrace.connection.reason"];
	const contributing = attributes["conntrace.connection.contributing"];
	if (Array.isArray(contributing) && contributing.includes(reason as string))
		yield `${reason} is reason and contributing`;
	const previous = attributes["conntrace.connection.previous_id"];
	if (previous === attributes["conntrace.connection.id"])
		yield "conntrace.connection.previous_id names the connection itself";
	if (typeof previous === "string" && trace.setupsOf(previous).length === 0)
		yield `conntrace.connection.previous_id ${previous} is unknown`;
}

function* linksSetup(span: Span, trace: Trace): Generator<string> {
	const id = span.attributes["conntrace.connection.id"];
	const caused = trace
		.childrenOf(span, "connection.setup")
		.some((setup) => setup.attributes["conntrace.connection.id"] === id);
	if (id !== undefined && !caused && span.links.length === 0)
		yield `no link to the setup of connection ${id}, which it did not cause`;
	if (caused && span.links.length > 0)
		yield "links to a setup though it caused its connection itself";
	for (const { traceId, spanId, attributes } of span.links) {
		const target = trace.withId(spanId)[0];
		if (attributes["conntrace.connection.id"] !== id)
			yield `link names connection ${attributes["conntrace.connection.id"]}`;
		if (target?.name !== "connection.setup" || target.traceId !== traceId)
			yield `link to ${spanId}, which is no connection.setup`;
		else if (target.attributes["conntrace.connection.id"] !== id)
			yield `link to the setup of another connection`;
	}
}

/** `conntrace.*_ms` and the spans of the setup tell the same. */
function* accountsForSetup(span: Span, trace: Trace): Generator<string> {
	const setups = trace.childrenOf(span, "connection.setup");
	if (setups.length > 1) yield `${setups.length} setups`;
	const setup = setups[0];
	const id = span.attributes["conntrace.connection.id"];
	if (setup?.attributes["conntrace.connection.id"] !== id) {
		yield* absent(span, "it caused no connection that served it", [
			"conntrace.connection.setup_ms",
			"conntrace.dns.lookup_ms",
			"conntrace.tcp.connect_ms",
			"conntrace.tls.handshake_ms",
			"conntrace.proxy.tunnel_ms",
		]);
	}
	if (!setup || isUnfinished(setup)) return;
	if (setup.attributes["conntrace.connection.id"] !== id) return;
	const attempts = trace.childrenOf(setup, "tcp.connect");
	const first = attempts[0];
	const end = endOf(attempts);
	yield* equal(span, "conntrace.connection.setup_ms", duration(setup));
	yield* equal(
		span,
		"conntrace.dns.lookup_ms",
		durationOf(trace.childrenOf(setup, "dns.lookup")[0]),
	);
	yield* equal(
		span,
		"conntrace.tcp.connect_ms",
		first && duration({ start: first.start, end }),
	);
	yield* equal(
		span,
		"conntrace.tls.handshake_ms",
		sumOf(trace.childrenOf(setup, "tls.handshake")),
	);
	yield* equal(
		span,
		"conntrace.proxy.tunnel_ms",
		sumOf(trace.childrenOf(setup, "proxy.tunnel")),
	);
}

function* accountsForWait(span: Span, trace: Trace): Generator<string> {
	const waits = trace.childrenOf(span, "connection.wait");
	if (waits.length > 1) yield `${waits.length} waits`;
	const assigned = "conntrace.connection.id" in span.attributes;
	if (waits[0] && !assigned)
		yield* absent(span, "it got no connection", [
			"conntrace.connection.wait_ms",
		]);
	else yield* equal(span, "conntrace.connection.wait_ms", durationOf(waits[0]));
	if (waits[0] && waits[0].start > span.start + TOLERANCE)
		yield "the wait does not start with the request";
}

function sumOf(spans: readonly Span[]): number | undefined {
	return spans.length === 0
		? undefined
		: spans.reduce((total, span) => total + duration(span), 0);
}

function durationOf(span: Span | undefined): number | undefined {
	return span && duration(span);
}

function* equal(
	{ attributes }: Span,
	name: string,
	expected: number | undefined,
): Generator<string> {
	const value = attributes[name] as number | undefined;
	if (value === undefined && expected === undefined) return;
	if (
		value === undefined ||
		expected === undefined ||
		Math.abs(value - expected) > 3 * TOLERANCE_MS
	)
		yield `${name} is ${value}, its span took ${expected}`;
}

const POOL_COUNTS = [
	"conntrace.pool.free",
	"conntrace.pool.busy",
	"conntrace.pool.queued",
];

function* describesPool(span: Span, trace: Trace): Generator<string> {
	const { attributes } = span;
	const given = POOL_COUNTS.filter((name) => name in attributes);
	if (given.length !== 0 && given.length !== POOL_COUNTS.length)
		yield "only some of the pool's counts";
	const waited = trace.childrenOf(span, "connection.wait").length > 0;
	if (attributes["conntrace.connection.reused"] === true && !waited) {
		yield* absent(span, "it neither waited nor is fresh", [
			...POOL_COUNTS,
			"conntrace.pool.max",
		]);
	}
}

function* describesAwsCall(span: Span): Generator<string> {
	const { attributes } = span;
	const service = String(attributes["rpc.method"]).split("/")[0];
	const aws = "rpc.system.name" in attributes;
	if (!aws) {
		yield* absent(
			span,
			"it is no AWS call",
			Object.keys(attributes).filter((name) =>
				/^(rpc|db|aws|cloud|conntrace\.aws)\.|resend_count/.test(name),
			),
		);
		return;
	}
	if (service === "DynamoDB") {
		yield* present(span, "it is a DynamoDB call", [
			"db.system.name",
			"db.operation.name",
		]);
		if (
			attributes["db.operation.name"] !==
			String(attributes["rpc.method"]).split("/")[1]
		)
			yield "db.operation.name is not the method";
	}
	const attempt = Number(attributes["conntrace.aws.attempt"] ?? 1);
	const resent = attributes["http.request.resend_count"];
	if (resent !== (attempt > 1 ? attempt - 1 : undefined))
		yield `attempt ${attempt} with http.request.resend_count ${resent}`;
	if (Number(attributes["conntrace.aws.max_attempts"]) < attempt)
		yield "more attempts than the most";
}

// Invocations

/** What an invocation counts is what stands under it and was over in time. */
function* countsConnections(span: Span, trace: Trace): Generator<string> {
	if (!isInvocation(span) || trace.foreignParents.size > 0) return;
	const below = trace.spans.filter(
		(child) => child.parentSpanId === span.spanId && child.end <= span.end,
	);
	const requests = below.filter(isRequest);
	const counted = (reused: boolean) =>
		requests.filter(
			({ attributes }) => attributes["conntrace.connection.reused"] === reused,
		);
	const setups = below.filter(({ name }) => name === "connection.setup");
	const { attributes } = span;
	const fresh = attributes["conntrace.connections.fresh"] ?? 0;
	const reused = attributes["conntrace.connections.reused"] ?? 0;
	if (fresh !== counted(false).length + setups.length)
		yield `counts ${fresh} fresh connections, not ${counted(false).length} + ${setups.length}`;
	if (reused !== counted(true).length)
		yield `counts ${reused} reused connections, not ${counted(true).length}`;
	const paid = counted(false)
		.map((request) =>
			Number(request.attributes["conntrace.connection.setup_ms"] ?? 0),
		)
		.concat(setups.map(duration))
		.reduce((sum, each) => sum + each, 0);
	const claimed = Number(attributes["conntrace.connections.setup_ms"] ?? 0);
	if (Math.abs(claimed - paid) > TOLERANCE_MS * (below.length + 1))
		yield `counts ${claimed} ms of set-up, not ${paid} ms`;
}

// Setups

/** Whether one of two setups of a connection is of a TLS handshake long after the other one was over. */
function isLaterHandshake(a: Span, b: Span, trace: Trace): boolean {
	const [first, second] = a.start < b.start ? [a, b] : [b, a];
	return (
		first.traceId === second.traceId &&
		first.end <= second.start &&
		trace.childrenOf(second, "tcp.connect").length === 0
	);
}

function* describesSetup(span: Span, trace: Trace): Generator<string> {
	const id = String(span.attributes["conntrace.connection.id"]);
	const others = trace.setupsOf(id).filter((other) => other !== span);
	if (!others.every((other) => isLaterHandshake(span, other, trace)))
		yield `connection id ${id} is used twice`;
	const endpoint = [
		"network.peer.address",
		"network.peer.port",
		"network.local.port",
	];
	if (succeeded(span)) yield* present(span, "it succeeded", endpoint);
	const parent = trace.parentOf(span);
	const reason = span.attributes["conntrace.connection.reason"];
	if (parent && isRequest(parent) && reason === undefined)
		yield "conntrace.connection.reason is missing though a request caused it";
	for (const request of trace.requestsOn(id)) {
		const claim = request.attributes["conntrace.connection.reason"];
		if (claim !== undefined && claim !== reason)
			yield `reason ${reason}, but its request says ${claim}`;
		for (const name of endpoint) {
			if (
				name in span.attributes &&
				name in request.attributes &&
				request.attributes[name] !== span.attributes[name]
			)
				yield `${name} differs from that of request ${request.spanId}`;
		}
	}
}

function* hasPhasesInOrder(span: Span, trace: Trace): Generator<string> {
	const lookups = trace.childrenOf(span, "dns.lookup");
	const attempts = trace.childrenOf(span, "tcp.connect");
	const tunnels = trace.childrenOf(span, "proxy.tunnel");
	const handshakes = trace.childrenOf(span, "tls.handshake");
	if (lookups.length > 1) yield `${lookups.length} lookups`;
	if (tunnels.length > 1) yield `${tunnels.length} tunnels`;
	if (handshakes.length > tunnels.length + 1)
		yield `${handshakes.length} handshakes`;
	// A proxy may speak TLS itself.
	const [tunnel] = tunnels;
	const withProxy = handshakes.filter(
		({ start }) => tunnel && start < tunnel.start,
	);
	const withServer = handshakes.filter((span) => !withProxy.includes(span));
	const groups = [lookups, attempts, withProxy, tunnels, withServer].filter(
		({ length }) => length > 0,
	);
	for (const [index, group] of groups.slice(1).entries()) {
		const before = endOf(groups[index] ?? []);
		const first = group[0];
		// Jaeger counts in whole microseconds, and takes what touches for parallel.
		if (
			first &&
			first.start / 1000n <= before / 1000n &&
			first.end > first.start
		)
			yield `${first.name} starts ${first.start - before} ns after the end of the phase before it`;
	}
	const numbers = attempts.map(
		({ attributes }) => attributes["conntrace.tcp.attempt"],
	);
	if (numbers.some((number, index) => number !== index + 1))
		yield `attempts are numbered ${numbers}`;
	const sum = groups.reduce(
		(total, group) =>
			total + duration({ start: group[0]?.start ?? 0n, end: endOf(group) }),
		0,
	);
	// A program that makes its connections itself may let time pass between the phases.
	const parent = trace.parentOf(span);
	const byRequest = parent !== undefined && isRequest(parent);
	if (byRequest && succeeded(span) && duration(span) - sum > 6 * TOLERANCE_MS)
		yield `takes ${duration(span)} ms, its phases ${sum} ms`;
}

function endOf(group: readonly Span[]): bigint {
	const ends = group.map(({ end }) => end).sort((a, b) => (a < b ? -1 : 1));
	return ends.at(-1) ?? 0n;
}

function* describesLookup(span: Span): Generator<string> {
	if (succeeded(span)) yield* present(span, "it succeeded", ["dns.answers"]);
	if (span.error) yield* absent(span, "it failed", ["dns.answers"]);
}

function* describesAttempt(span: Span): Generator<string> {
	const local = ["network.local.address", "network.local.port"];
	if (succeeded(span)) yield* present(span, "it succeeded", local);
	const { attributes } = span;
	const type = String(attributes["network.peer.address"]).includes(":")
		? "ipv6"
		: "ipv4";
	if (attributes["network.type"] !== type)
		yield `network.type is not that of ${attributes["network.peer.address"]}`;
}

function* describesHandshake(span: Span): Generator<string> {
	if (!succeeded(span)) return;
	yield* present(span, "it succeeded", [
		"tls.protocol.name",
		"tls.protocol.version",
		"tls.cipher",
		"tls.resumed",
	]);
	if (span.attributes["tls.resumed"] === false) {
		yield* present(span, "the server proved itself", [
			"tls.server.subject",
			"tls.server.issuer",
			"tls.server.not_after",
		]);
	}
}

// All spans together

/** Requests on a connection are numbered 1, 2, 3, ... */
function* checkNumbers(trace: Trace): Generator<string> {
	const ids = new Set(
		trace.spans
			.filter(isRequest)
			.map(({ attributes }) => attributes["conntrace.connection.id"])
			.filter((id) => typeof id === "string"),
	);
	for (const id of ids) {
		const numbers = trace
			.requestsOn(id)
			.map(
				({ attributes }) => attributes["conntrace.connection.request_number"],
			)
			.filter((number) => typeof number === "number")
			.sort((a, b) => a - b);
		if (numbers.some((number, index) => number !== index + 1))
			yield `connection ${id}: its requests are numbered ${numbers}`;
	}
}

/** A connection that carries a request is not idle, whichever others are made on it. */
function* checkIdleTimes(trace: Trace): Generator<string> {
	for (const span of trace.spans.filter(isRequest).filter(isMultiplexed)) {
		const { attributes, spanId, start } = span;
		if (!("conntrace.connection.idle_ms" in attributes)) continue;
		const busy = trace
			.requestsOn(String(attributes["conntrace.connection.id"]))
			.some(
				(other) =>
					other.spanId !== spanId &&
					Number(other.attributes["conntrace.connection.request_number"]) <
						Number(attributes["conntrace.connection.request_number"]) &&
					other.end > start + TOLERANCE,
			);
		if (busy) yield `${span.name} ${spanId}: idle under another request`;
	}
}
