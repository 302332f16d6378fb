import type {
	ServerConnection,
	ServerRecord,
	ServerRequest,
} from "./server.js";
import { named, requestsOf, type Span } from "./spans.js";

/**
 * Holds spans against what the server counted. Joined by the client's port, every connection and every request that
 * the server saw has exactly its span, and reuse, order and identity agree. An empty list is good news.
 */
export function compareWithServer(
	spans: readonly Span[],
	{ port, connections }: ServerRecord,
): string[] {
	const toServer = spans.filter(
		({ attributes }) => attributes["network.peer.port"] === port,
	);
	return [
		...connections.flatMap((connection) => [
			...compareSetup(toServer, connection),
			...compareRequests(toServer, connection),
		]),
		...compareIdentity(toServer, connections),
	];
}

function* compareSetup(
	spans: readonly Span[],
	{ number, remotePort }: ServerConnection,
): Generator<string> {
	const connects = named(spans, "tcp.connect").filter(
		(span) => portOf(span) === remotePort && !span.error,
	);
	if (connects.length !== 1)
		yield `connection ${number}: ${connects.length} spans tell of its TCP connect`;
}

/**
 * Requests that failed or were cut short may never have reached the server; all others have, in the order of their
 * numbers.
 */
function* compareRequests(
	spans: readonly Span[],
	{ number, remotePort, requests }: ServerConnection,
): Generator<string> {
	const claimed = requestsOf(spans)
		.filter((span) => portOf(span) === remotePort)
		.sort((a, b) => requestNumber(a) - requestNumber(b));
	let next = 0;
	for (const span of claimed) {
		const request = requests[next];
		if (request && isSame(span, request)) {
			next++;
			yield* compareRequest(span, request);
		} else if (!span.error && !span.attributes["conntrace.unfinished"]) {
			yield `connection ${number}: the server did not see request ${requestNumber(span)}, ${span.attributes["url.full"]}`;
		}
	}
	for (const { path } of requests.slice(next))
		yield `connection ${number}: no span for ${path}, or not in its place`;
}

function* compareRequest(
	span: Span,
	{ connection, number, path, headers }: ServerRequest,
): Generator<string> {
	const where = `connection ${connection}, request ${number} (${path})`;
	const { attributes } = span;
	if (attributes["conntrace.connection.reused"] !== number > 1)
		yield `${where}: reused = ${attributes["conntrace.connection.reused"]}`;
	if (requestNumber(span) !== number)
		yield `${where}: numbered ${requestNumber(span)}`;
	const target = /(\w+)_\d+\.(\w+)/.exec(String(headers["x-amz-target"]));
	if (target && attributes["rpc.method"] !== `${target[1]}/${target[2]}`)
		yield `${where}: rpc.method is ${attributes["rpc.method"]}`;
}

/** One connection has one id, and one id is one connection. */
function* compareIdentity(
	spans: readonly Span[],
	connections: readonly ServerConnection[],
): Generator<string> {
	const seen = new Map<unknown, number>();
	for (const { number, remotePort } of connections) {
		const ids = new Set(
			[...requestsOf(spans), ...named(spans, "connection.setup")]
				.filter((span) => portOf(span) === remotePort)
				.map(({ attributes }) => attributes["conntrace.connection.id"]),
		);
		if (ids.size > 1) yield `connection ${number} has ids ${[...ids]}`;
		for (const id of ids) {
			const other = seen.get(id);
			if (other !== undefined)
				yield `connections ${other} and ${number} have the same id ${id}`;
			seen.set(id, number);
		}
	}
}

function portOf({ attributes }: Span): unknown {
	return attributes["network.local.port"];
}

function requestNumber({ attributes }: Span): number {
	return Number(attributes["conntrace.connection.request_number"]);
}

function isSame(
	{ attributes }: Span,
	{ method, path }: ServerRequest,
): boolean {
	if (attributes["http.request.method"] !== method) return false;
	if (method === "CONNECT") return true;
	const { pathname, search } = new URL(String(attributes["url.full"]));
	return pathname + search === path.replace(/=[^&]*/g, "=REDACTED");
}
