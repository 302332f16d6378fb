import { countListeners, listenersOf } from "./listeners";

/**
 * What undici keeps on its sockets and clients under symbols of its own, found by their descriptions. Each is told as
 * absent where a version does not have it. Checked on undici 6.24, 6.28, 6.29, 7.29, 7.30, 8.10 and 8.13.
 */

/** The client whose connection a socket is. */
export function clientOf(socket: object): object | undefined {
	const client = fieldOf(socket, "client");
	return typeof client === "object" && client !== null ? client : undefined;
}

/** What reads the responses of a socket. */
export function parserOf(
	socket: object,
): { readonly paused?: boolean } | undefined {
	return fieldOf(socket, "parser") ?? undefined;
}

/** Whether the client closes the connection after the response that it carries. */
export function closesAfterResponse(socket: object): boolean {
	return fieldOf(socket, "reset") === true;
}

/** Whether a request is still being sent. */
export function isWriting(socket: object): boolean {
	return fieldOf(socket, "writing") === true;
}

/** Requests that the socket carried of those that its client lets it carry; absent without a limit. */
export function requestLimitOf(
	socket: object,
): { readonly count: number; readonly max: number } | undefined {
	const count = fieldOf(socket, "socket request counter");
	const max = fieldOf(socket, "maxRequestsPerClient");
	return typeof count === "number" && typeof max === "number" && max > 0
		? { count, max }
		: undefined;
}

/** The limit for idle connections in milliseconds, as the last response left it. */
export function idleLimitOf(client: object): number | undefined {
	const limit = fieldOf(client, "keep alive timeout");
	return typeof limit === "number" ? limit : undefined;
}

/** What a client takes off the idle limit that a server announces, in milliseconds. */
export function idleMarginOf(client: object): number | undefined {
	const margin = fieldOf(client, "keep alive timeout threshold");
	return typeof margin === "number" ? margin : undefined;
}

/** Requests that a connection may carry at once; 0 for one request and no more. */
export function pipeliningOf(client: any): number | undefined {
	return typeof client.pipelining === "number" ? client.pipelining : undefined;
}

/** Whether the pool that a client belongs to gives it no request for now. */
export function isWithheld(client: any): boolean {
	return (
		fieldOf(client, "needDrain") === true ||
		client.closed === true ||
		client.destroyed === true
	);
}

/** Whether a client is making a connection. */
export function isConnecting(client: object): boolean {
	return fieldOf(client, "connecting") === true;
}

/** Whether a client has requests that it has not sent yet. */
export function hasQueued(client: object): boolean {
	return fieldOf(client, "queue")?.length > fieldOf(client, "pending index");
}

/** The request that a client would send next. */
export function headOfQueue(client: object): object | undefined {
	return (
		fieldOf(client, "queue")?.[fieldOf(client, "pending index")] ?? undefined
	);
}

/** Whether a socket is a Unix socket or a named pipe. */
export function isPipe(socket: any): boolean {
	return socket._handle?.constructor?.name === "Pipe";
}

/** A client that its pool replaces when it has reached some age. */
export function isRetired(client: any): boolean {
	return client.closed === true && typeof client.ttl === "number";
}

const POOL_EVENTS = ["drain", "connect", "disconnect", "connectionError"];

/**
 * An object that the clients of one pool, and no others, have in common: a pool listens to each of its clients by the
 * same function. A client without a pool is its own.
 */
export function poolMark(client: any): object {
	const pooled = POOL_EVENTS.every(
		(event) => countListeners(client, event) > 0,
	);
	return (pooled && listenersOf(client, "connect")[0]) || client;
}

/** Symbols by their descriptions; each copy of undici in the process has its own. */
const symbols = new Map<string, symbol[]>();

function fieldOf(owner: any, description: string): any {
	const known = symbols.get(description);
	if (known) {
		for (const symbol of known) if (symbol in owner) return owner[symbol];
	}
	for (let holder = owner; holder; holder = Object.getPrototypeOf(holder)) {
		for (const symbol of Object.getOwnPropertySymbols(holder)) {
			if (symbol.description !== description) continue;
			if (known) known.push(symbol);
			else symbols.set(description, [symbol]);
			return owner[symbol];
		}
	}
	return undefined;
}
