import { isIP, Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { Connection } from "../connections/connection";
import { ABORTED } from "../connections/setup";
import { hostWithoutUser } from "../user-information";
import { takeAwaited } from "./awaited-connects";
import { whileConnecting } from "./connecting";
import { questionOf, UNKNOWN_QUESTION } from "./dns";
import { endingFacts } from "./ending";
import { type HookEnvironment, observe, observer } from "./environment";
import { errorType, OTHER } from "./errors";
import { replaceMethod } from "./patch";
import { isPort, portOf } from "./port";
import { forwarderOf, isSame } from "./proxy";
import { currentScope, UNTRACED } from "./scope";
import {
	endpointsOf,
	isReset,
	responseBegins,
	type SocketState,
	stateOf,
	watch,
} from "./sockets";
import { handshakeDetails } from "./tls";

/**
 * Watches client sockets: their making by `connect`, their events by `emit` and their end by `_destroy`. Events are
 * seen where they are emitted, not by listeners, since a program can count listeners and Node acts on their presence.
 * Checked on Node 20, 22, 24, 26.
 */
export function hookNet(environment: HookEnvironment): void {
	replaceMethod(Socket.prototype, "connect", (connect) => {
		return function (this: Socket, ...args) {
			const state = observe(environment, () => begin(environment, this, args));
			if (!state) return connect.apply(this, args);
			let refused = true;
			try {
				const result = whileConnecting(state.connection, () =>
					connect.apply(this, args),
				);
				refused = false;
				return result;
			} finally {
				// Arguments that Node does not take, or a lookup function that throws: the socket is not destroyed.
				if (refused) {
					observe(environment, () => {
						const { tracker } = environment;
						tracker.setups.failed(state.connection, refusalOf(args));
						destroyed(environment, this, undefined);
						tracker.connectionClosed(state.connection);
					});
				}
			}
		};
	});

	const happens = observer(
		environment,
		(socket: Socket, state: SocketState, args: readonly any[]) =>
			before(environment, socket, state, args),
	);
	const happened = observer(
		environment,
		(socket: Socket, state: SocketState, event: unknown) =>
			after(environment, socket, state, event),
	);

	replaceMethod(Socket.prototype, "emit", (emit) => {
		return function (this: Socket, ...args) {
			if (!WATCHED.has(args[0])) return emit.apply(this, args);
			const state = stateOf(this);
			if (state === undefined) return emit.apply(this, args);
			happens(this, state, args);
			if (!WATCHED_TO_THE_END.has(args[0])) return emit.apply(this, args);
			try {
				return emit.apply(this, args);
			} finally {
				happened(this, state, args[0]);
			}
		};
	});

	replaceMethod(Socket.prototype, "_destroy", (destroy) => {
		return function _destroy(this: Socket, error, callback) {
			observe(environment, () => destroyed(environment, this, error));
			return destroy.call(this, error, callback);
		};
	});
}

/** The events that mean something here; a socket emits others far more often. */
const WATCHED = new Set<unknown>([
	"data",
	"readable",
	"lookup",
	"connectionAttempt",
	"connectionAttemptFailed",
	"connectionAttemptTimeout",
	"connect",
	"secureConnect",
	"close",
	"free",
	"timeout",
	"end",
	"agentRemove",
]);

/** Those after which something is different. */
const WATCHED_TO_THE_END = new Set<unknown>(["free", "timeout", "close"]);

interface ConnectOptions {
	readonly host?: unknown;
	readonly port?: unknown;
	readonly path?: unknown;
	readonly lookup?: unknown;
	readonly localAddress?: unknown;
	readonly family?: unknown;
	readonly hints?: unknown;
}

function begin(
	{ tracker, activeContext, tracesHost }: HookEnvironment,
	socket: Socket,
	args: readonly any[],
): SocketState | undefined {
	const scope = currentScope();
	if (scope === UNTRACED) return undefined;
	const options = connectOptions(args);
	// A Unix socket or named pipe, or arguments that Node is about to refuse.
	if (!options || options.path) return undefined;
	// A TLS socket over a socket that still connects waits for that one.
	if ((socket as any)._parent?.connecting) return undefined;
	const named = options.host || "localhost";
	const port = portOf(options.port);
	if (typeof named !== "string" || !isPort(port)) return undefined;
	const host = hostWithoutUser(named);
	if (!scope && !tracesHost(host, port)) return undefined;

	const { request, pool } = scope ?? {};
	const awaited = scope ? undefined : takeAwaited(host, port);
	const connection = tracker.connectionBegun(
		request?.exchange ?? awaited?.origin ?? { host, port },
		socket instanceof TLSSocket,
		request?.context ?? awaited?.context ?? activeContext(),
	);
	if (request && !request.caused) {
		tracker.connectionCaused(connection, request, pool);
	}
	awaited?.join(connection);
	const target = { host, port };
	if (!isSame(target, connection.origin)) connection.target = target;
	const proxy = awaited?.proxy ?? (request && forwarderOf(request, target));
	if (proxy) connection.proxy = proxy;
	if (typeof options.lookup === "function" && isIP(host) === 0) {
		tracker.setups.customLookupBegun(connection, host, questionOf(options));
	}
	const state: SocketState = { connection };
	watch(socket, state);
	return state;
}

/** The forms of `net.connect`'s arguments; Node's own callers pass an array of options and callback. */
function connectOptions(args: readonly any[]): ConnectOptions | undefined {
	const [first, second] = args;
	if (Array.isArray(first)) return fieldsOf(first[0]);
	if (typeof first === "object") return fieldsOf(first);
	if (Number.isNaN(portOf(first))) return undefined;
	return typeof second === "string"
		? { port: first, host: second }
		: { port: first };
}

function fieldsOf(options: any): ConnectOptions | undefined {
	try {
		const { host, port, path, lookup, localAddress, family, hints } = options;
		return { host, port, path, lookup, localAddress, family, hints };
	} catch {
		// No options at all, or a getter of the program that throws: Node is about to tell the program.
		return undefined;
	}
}

/**
 * The code of the error that Node throws for arguments that it does not take, as far as they show it: an error that is
 * caught and thrown again would be shown as thrown here. Checked on Node 20, 22, 24, 26.
 */
function refusalOf(args: readonly any[]): string {
	const { localAddress } = connectOptions(args) ?? {};
	return typeof localAddress === "string" && isIP(localAddress) === 0
		? "ERR_INVALID_IP_ADDRESS"
		: OTHER;
}

function connected(
	{ tracker }: HookEnvironment,
	socket: Socket,
	connection: Connection,
): void {
	const { peer, local } = endpointsOf(socket);
	tracker.setups.connected(connection, peer, local);
}

export function secured(
	{ tracker }: HookEnvironment,
	socket: Socket,
	connection: Connection,
): void {
	// Destroyed by the program while it looked at the certificate, the socket has nothing to tell.
	if (socket instanceof TLSSocket && !socket.destroyed) {
		tracker.setups.secured(connection, handshakeDetails(socket));
	}
}

/** What an event means, before the program and Node see it. */
function before(
	environment: HookEnvironment,
	socket: Socket,
	state: SocketState,
	args: readonly any[],
): void {
	const { tracker } = environment;
	const { connection } = state;
	switch (args[0]) {
		case "data":
			responseBegins(tracker, connection.holder, socket);
			return;
		case "readable":
			if (connection.openRequests !== 1 || socket.readableLength === 0) return;
			responseBegins(tracker, connection.holder, socket);
			return;
		case "lookup":
			// By the program, and not by Node, which names the host.
			if (typeof args[4] !== "string") return;
			// Nobody saw the question: the program has put a function of its own in place of dns.lookup.
			if (!connection.setup.lookup) {
				tracker.setups.customLookupBegun(connection, args[4], UNKNOWN_QUESTION);
			}
			tracker.setups.customLookupAnswered(
				connection,
				typeof args[2] === "string" ? args[2] : undefined,
				args[1] ? errorType(args[1]) : undefined,
			);
			return;
		case "connectionAttempt":
			if (typeof args[1] !== "string") return;
			tracker.setups.attemptBegun(connection, {
				address: args[1],
				port: args[2],
			});
			return;
		case "connectionAttemptFailed":
			tracker.setups.attemptFailed(connection, args[1], errorType(args[4]));
			return;
		case "connectionAttemptTimeout":
			tracker.setups.attemptFailed(connection, args[1], "ETIMEDOUT");
			return;
		case "connect":
			connected(environment, socket, connection);
			return;
		case "secureConnect":
			secured(environment, socket, connection);
			return;
		case "free":
			state.released = true;
			return;
		case "timeout":
			if (connection.holder) connection.holder.timedOut = true;
			else state.idleTimeout = socket.timeout;
			return;
		case "end":
			// Where data and the reset come together, libuv reports the end of the data alone.
			state.peerEnded = isReset(socket) ? "reset" : "ended";
			return;
		case "agentRemove":
			if (!socket.destroyed) tracker.connectionUpgraded(connection);
			return;
	}
}

/** What has become of the socket when an event has been dealt with. */
function after(
	{ tracker, freezeWatch }: HookEnvironment,
	socket: Socket,
	state: SocketState,
	event: unknown,
): void {
	if (event === "free") {
		state.released = false;
		const { connection } = state;
		const held = connection.holder?.endedAt === undefined && connection.holder;
		if (!held && connection.open) {
			tracker.connectionIdle(connection);
			freezeWatch.start();
			state.bytesReadWhenIdle = socket.bytesRead;
		}
	} else if (event === "timeout") {
		state.idleTimeout = undefined;
		if (state.connection.holder) state.connection.holder.timedOut = false;
	} else if (event === "close") {
		tracker.connectionClosed(state.connection);
	}
}

function destroyed(
	{ tracker }: HookEnvironment,
	socket: Socket,
	error: unknown,
): void {
	const state = stateOf(socket);
	if (!state) return;
	const { connection } = state;
	const facts = endingFacts(socket, state, error);
	tracker.setups.failed(connection, facts.error ?? ABORTED);
	tracker.connectionDestroyed(connection, facts);
}
