import { Socket } from "node:net";
import type { Connection } from "../connections/connection";
import type { Request } from "../connections/request";
import type { Endpoint } from "../connections/setup";
import type { ConnectionTracker } from "../connections/tracker";
import { hiddenField } from "./hidden-field";
import type { SessionState } from "./http2-session";
import type { UndiciExchange } from "./undici-exchange";

/** What the hooks remember of a socket. */
export interface SocketState {
	readonly connection: Connection;
	/** Something was said on the socket before TLS began over it. */
	spoken?: boolean;
	/** The agent that keeps the socket, and how it can be asked about its pool. */
	keeper?: Keeper | undefined;
	/** Between the end of a request and the agent's verdict on the connection. */
	released?: boolean;
	/** The verdict of `keepSocketAlive`. */
	kept?: boolean | undefined;
	/** The limit in milliseconds that ran out while the socket was idle; set during its `timeout` event. */
	idleTimeout?: number | undefined;
	/** How the peer has ended its side. */
	peerEnded?: "ended" | "reset";
	/** The HTTP/2 session that it carries. */
	session?: SessionState;
	/** Bytes read when the socket became idle. */
	bytesReadWhenIdle?: number;
	/** The client of undici that the socket belongs to. */
	undici?: UndiciState;
}

export interface UndiciState {
	readonly client: object;
	/** Called when a stream of HTTP/2 is begun on the socket. */
	readonly streamBegun: () => void;
	/** The last exchange that was sent on it; absent while it is idle. */
	exchange?: UndiciExchange | undefined;
}

/** A pool that a socket belongs to. */
export interface Keeper {
	readonly agent: any;
	/** The agent's name for the pool. */
	readonly key: string | symbol;
	readonly keyOfOneRequest: boolean;
}

const states = hiddenField<SocketState>();

/** What TLS encrypts at once, in bytes. */
const TLS_RECORD = 16 * 1024;

/**
 * The system has taken everything written so far; the socket itself says so later, even after the response. A TLS
 * socket counts what it has passed on as waiting until then, so the socket below it is asked. That one gets a record
 * whole, but of more than one record it may have got a part only. Checked on Node 20, 22, 24, 26.
 */
export function hasWrittenAll(socket: any): boolean {
	if (socket.connecting || socket.secureConnecting) return false;
	const { writeQueueSize, _parent: below } = socket._handle ?? {};
	return (
		writeQueueSize === 0 ||
		(writeQueueSize <= TLS_RECORD && below?.writeQueueSize === 0)
	);
}

/**
 * A part of the response has come. Whether all of the request was written is asked of the handle, which costs more than
 * the rest: only in doubt.
 */
export function responseBegins(
	tracker: ConnectionTracker,
	request: Request | undefined,
	socket: Socket,
): void {
	if (!request || request.firstByteAt !== undefined) return;
	tracker.responseBegun(
		request,
		request.writtenAt === undefined && hasWrittenAll(socket),
	);
}

/**
 * Since Node 22 an idle socket is destroyed without a word on a FIN as on a RST. The kernel still knows: a reset
 * connection has no peer any more (ENOTCONN), a closed one has (seen on Linux).
 */
export function isReset(socket: any): boolean {
	const status = socket._handle?.getpeername?.({});
	return typeof status === "number" && status < 0;
}

export function endpointsOf(socket: Socket): {
	readonly peer?: Endpoint | undefined;
	readonly local?: Endpoint | undefined;
} {
	return {
		peer: nameOf(socket, "getpeername"),
		local: nameOf(socket, "getsockname"),
	};
}

/** Asks the handle: the getters of a socket keep the answer, which a program would still see when the socket is closed. */
function nameOf(
	socket: any,
	method: "getpeername" | "getsockname",
): Endpoint | undefined {
	const name: { address?: string; port?: number } = {};
	socket._handle?.[method]?.(name);
	const { address, port } = name;
	return address === undefined || port === undefined
		? undefined
		: { address, port };
}

/** A connection that has carried requests although nothing is remembered of it. */
export function wasUsedBefore(socket: unknown): socket is Socket {
	return (
		socket instanceof Socket &&
		stateOf(socket) === undefined &&
		nameOf(socket, "getpeername") !== undefined &&
		socket.bytesWritten > 0
	);
}

export function stateOf(socket: object): SocketState | undefined {
	return states.get(socket);
}

export function watch(socket: Socket, state: SocketState): void {
	states.set(socket, state);
}
