import { resolve } from "node:path";
import { expect } from "vitest";
import type { ConnectionFacts, RequestFacts } from "../../src/facts/facts.js";
import type { Run, RunOptions } from "./run-program.js";
import { childrenOf, duration, named, requestsOf, type Span } from "./spans.js";

/** Options for a program whose facts are wanted. */
export const SUBSCRIBED: RunOptions = {
	nodeOptions: ["-r", resolve("test/programs/facts-subscriber.cjs")],
};

/** Options under which no span is made into anything. */
export const UNTRACED = { CONNTRACE_FILE: "", OTEL_TRACES_EXPORTER: "none" };

/** The requests that were published, in the order in which they were made. */
export function requestFactsOf({ reports }: Pick<Run, "reports">) {
	return (reports as { request?: RequestFacts }[])
		.flatMap(({ request }) => request ?? [])
		.toSorted((a, b) => a.startTime - b.startTime);
}

/** What was published of connections, in the order in which it came. */
export function connectionFactsOf({ reports }: Pick<Run, "reports">) {
	return (reports as { connection?: ConnectionFacts }[]).flatMap(
		({ connection }) => connection ?? [],
	);
}

type Attributes = Readonly<Record<string, unknown>>;

/** A piece of the trace, as facts or a span tell it. */
interface Piece {
	readonly name: string;
	readonly attributes: Attributes;
	/** Milliseconds since 1970. */
	readonly start: number;
	readonly duration: number;
	readonly parts: readonly Piece[];
}

/** Holds the facts of a run against its spans: they tell of the same requests and connections, and say the same. */
export function expectSameInFactsAndSpans(run: Run): void {
	const facts = [
		...requestFactsOf(run).map(requestPiece),
		// The last word on each.
		...new Map(
			connectionFactsOf(run).map((facts) => [facts.connectionId, facts]),
		).values(),
	]
		.map((piece) => ("parts" in piece ? piece : setupPiece(piece)))
		.toSorted(inOrder);
	const spans = [
		...requestsOf(run.spans).map((span) => ({
			...pieceOf(span),
			name: "request",
		})),
		...named(run.spans, "connection.setup").map((span) => ({
			...pieceOf(span),
			parts: childrenOf(run.spans, span).map(pieceOf),
		})),
	].toSorted(inOrder);
	expect(facts.map(withoutTimes)).toEqual(spans.map(withoutTimes));
	const times = facts.flatMap(timesOf);
	const differences = spans
		.flatMap(timesOf)
		.map((time, index) => Math.abs(time - (times[index] ?? Number.NaN)));
	// A double holds the time of day to a quarter of a microsecond.
	for (const difference of differences) expect(difference).toBeLessThan(0.002);
}

function inOrder(a: Piece, b: Piece): number {
	return keyOf(a).localeCompare(keyOf(b));
}

function keyOf({ name, attributes }: Piece): string {
	const id = attributes["conntrace.connection.id"];
	const number = attributes["conntrace.connection.request_number"];
	return `${name} ${id} ${number} ${attributes["url.full"]}`;
}

function withoutTimes({ name, attributes, parts }: Piece): unknown {
	return { name, attributes, parts: parts.map(withoutTimes) };
}

function timesOf({ start, duration, parts }: Piece): number[] {
	return [start, duration, ...parts.flatMap(timesOf)];
}

function pieceOf(span: Span): Piece {
	return {
		name: span.name,
		attributes: known(span.attributes),
		start: Number(span.start) / 1e6,
		duration: duration(span),
		parts: [],
	};
}

function requestPiece(facts: RequestFacts): Piece {
	return {
		name: "request",
		attributes: known({
			"http.request.method": facts.method,
			"url.full": facts.url,
			...endpointAttributes(facts),
			"network.protocol.version": facts.protocolVersion,
			"http.response.status_code": facts.statusCode,
			"error.type": facts.error,
			"conntrace.ttfb_ms": facts.ttfbMs,
			"conntrace.frozen_ms": facts.frozenMs,
			"conntrace.connection.id": facts.connectionId,
			"conntrace.connection.reused": facts.reused,
			"conntrace.connection.request_number": facts.requestNumber,
			"conntrace.connection.age_ms": facts.ageMs,
			"conntrace.connection.idle_ms": facts.idleMs,
			"conntrace.connection.wait_ms": facts.waitMs,
			"conntrace.connection.setup_ms": facts.setupMs,
			"conntrace.dns.lookup_ms": facts.dnsLookupMs,
			"conntrace.tcp.connect_ms": facts.tcpConnectMs,
			"conntrace.proxy.tunnel_ms": facts.proxyTunnelMs,
			"conntrace.tls.handshake_ms": facts.tlsHandshakeMs,
			"conntrace.connection.reason": facts.reason,
			"conntrace.connection.reason_detail": facts.reasonDetail,
			"conntrace.connection.contributing": facts.contributing,
			"conntrace.connection.previous_id": facts.previousId,
			"conntrace.pool.free": facts.pool?.free,
			"conntrace.pool.busy": facts.pool?.busy,
			"conntrace.pool.queued": facts.pool?.queued,
			"conntrace.pool.max": facts.pool?.max,
			"conntrace.findings": facts.findings?.map(({ code }) => code),
			...awsAttributes(facts),
		}),
		start: facts.startTime,
		duration: facts.durationMs,
		parts: [],
	};
}

function endpointAttributes(facts: RequestFacts | ConnectionFacts): Attributes {
	return {
		"server.address": facts.serverAddress,
		"server.port": facts.serverPort,
		"conntrace.proxy.address": facts.proxyAddress,
		"conntrace.proxy.port": facts.proxyPort,
		"network.peer.address": facts.peerAddress,
		"network.peer.port": facts.peerPort,
		"network.local.port": facts.localPort,
	};
}

function awsAttributes({ aws }: RequestFacts): Attributes {
	if (!aws) return {};
	const { service, operation, tableNames, attempt = 1 } = aws;
	const dynamodb = service === "DynamoDB";
	return {
		"rpc.system.name": "aws-api",
		"rpc.method": `${service}/${operation}`,
		"db.system.name": dynamodb ? "aws.dynamodb" : undefined,
		"db.operation.name": dynamodb ? operation : undefined,
		"db.collection.name": tableNames?.length === 1 ? tableNames[0] : undefined,
		"aws.dynamodb.table_names": tableNames,
		"aws.request_id": aws.requestId,
		"cloud.region": aws.region,
		"conntrace.aws.invocation_id": aws.invocationId,
		"conntrace.aws.attempt": aws.attempt,
		"conntrace.aws.max_attempts": aws.maxAttempts,
		"http.request.resend_count": attempt > 1 ? attempt - 1 : undefined,
	};
}

function setupPiece(facts: ConnectionFacts): Piece {
	const failed = "error" in facts;
	const { peerAddress, peerPort, localPort, ...rest } = facts;
	return {
		name: "connection.setup",
		attributes: known({
			"conntrace.connection.id": facts.connectionId,
			"conntrace.connection.reason": facts.reason,
			// The span names the peer of a connection that came about; the facts also one whose TLS failed.
			...endpointAttributes(failed ? (rest as ConnectionFacts) : facts),
			"network.transport": "tcp",
			"conntrace.connection.failures_in_row": facts.failuresInRow,
			"conntrace.lambda.phase": facts.lambdaPhase,
			"error.type": failed ? facts.error : undefined,
		}),
		start: facts.startTime,
		duration: facts.setupMs ?? Number.NaN,
		parts: facts.phases.map((phase) => ({
			name: phase.name,
			attributes: known(phase.attributes),
			start: phase.startTime,
			duration: phase.durationMs ?? Number.NaN,
			parts: [],
		})),
	};
}

/** As they are exported: without those that are not known, durations to the nanosecond. */
function known(attributes: Attributes): Attributes {
	return Object.fromEntries(
		Object.entries(attributes)
			.filter(([, value]) => value !== undefined)
			.map(([name, value]) => [
				name,
				typeof value === "number" ? Math.round(value * 1e6) / 1e6 : value,
			]),
	);
}
