import { TLSSocket } from "node:tls";
import type { Connection } from "../connections/connection";
import type { HandshakeDetails } from "../connections/setup";
import { type HookEnvironment, observe } from "./environment";
import { replaceMethod } from "./patch";
import { currentScope, UNTRACED } from "./scope";
import { type SocketState, stateOf, watch } from "./sockets";

/**
 * Watches the beginning of TLS handshakes by `TLSSocket.prototype._start`, which Node calls when the transport below
 * is connected: for its own sockets as for a socket that the program hands to `tls.connect`. The name that is sent
 * (SNI) passes through `setServername` before. Checked on Node 20, 22, 24, 26.
 */
export function hookTls(environment: HookEnvironment): void {
	const serverNames = new WeakMap<object, string>();

	replaceMethod(TLSSocket.prototype, "setServername", (setServername) => {
		return function (this: TLSSocket, ...args) {
			const result = setServername.apply(this, args);
			serverNames.set(this, args[0]);
			return result;
		};
	});

	replaceMethod(TLSSocket.prototype, "_start", (start) => {
		return function (this: any, ...args) {
			observe(environment, () =>
				handshakeBegun(environment, this, serverNames.get(this)),
			);
			return start.apply(this, args);
		};
	});
}

function handshakeBegun(
	environment: HookEnvironment,
	socket: any,
	serverName: string | undefined,
): void {
	// Still connecting: Node calls again. Without a handle: given up in between.
	if (socket.connecting || !socket._handle) return;
	const state = stateOf(socket) ?? overSocket(environment, socket, serverName);
	if (state)
		environment.tracker.setups.handshakeBegun(state.connection, serverName);
}

/** The connection of a TLS socket over a socket that was there before it. */
function overSocket(
	environment: HookEnvironment,
	socket: any,
	serverName: string | undefined,
): SocketState | undefined {
	const below = socket._parent && stateOf(socket._parent);
	if (!below) return undefined;
	const { connection } = below;
	below.spoken = socket._parent.bytesRead > 0;
	if (below.spoken && connection.target) {
		environment.tracker.setups.tunnelBegun(connection, connection.target);
	}
	// Behind a tunnel there is another server, to which this is a new connection.
	const state =
		connection.open && connection.requestCount === 0
			? below
			: { connection: throughTunnel(environment, connection, serverName) };
	watch(socket, state);
	return state;
}

function throughTunnel(
	{ tracker, activeContext }: HookEnvironment,
	tunnel: Connection,
	serverName: string | undefined,
): Connection {
	const scope = currentScope();
	const cause = scope === UNTRACED ? undefined : scope;
	const connection = tracker.connectionThrough(
		tunnel,
		cause?.request.exchange ?? {
			host: serverName ?? tunnel.origin.host,
			port: tunnel.origin.port,
		},
		cause ? cause.request.context : activeContext(),
	);
	if (cause && !cause.request.caused) {
		tracker.connectionCaused(connection, cause.request, cause.pool);
	}
	return connection;
}

/** As they are before a program puts methods of its own in their place. */
const { getProtocol, getPeerCertificate, getCipher, isSessionReused } =
	TLSSocket.prototype;

/**
 * Reads what was agreed. The certificate is asked for alone, without its chain, and not by `getPeerX509Certificate`,
 * after which the program would be given no certificate any more (seen on Node 20.20.2).
 */
export function handshakeDetails(socket: TLSSocket): HandshakeDetails {
	const [name, version] = protocol(getProtocol.call(socket));
	const certificate = getPeerCertificate.call(socket);
	return {
		protocolName: name,
		protocolVersion: version,
		cipher: getCipher.call(socket)?.standardName,
		nextProtocol: applicationProtocol(socket.alpnProtocol),
		resumed: isSessionReused.call(socket),
		serverSubject: distinguishedName(certificate.subject),
		serverIssuer: distinguishedName(certificate.issuer),
		serverNotAfter: timestamp(certificate.valid_to),
	};
}

/** Programs may offer any bytes as the name of a protocol, also a token; registered names look like this. */
const PROTOCOL = /^[\w./-]{1,20}$/;

function applicationProtocol(name: string | false | null): string | undefined {
	return name && PROTOCOL.test(name) ? name : undefined;
}

/** Absent where the certificate has no such time, or one that is none. */
function timestamp(text: string | undefined): string | undefined {
	const time = new Date(text ?? "");
	return Number.isNaN(time.getTime()) ? undefined : time.toISOString();
}

/** `TLSv1.3` is the protocol `tls` in version `1.3`. */
function protocol(text: string | null): (string | undefined)[] {
	const match = /^(tls|ssl)v(\d+(?:\.\d+)?)$/i.exec(text ?? "");
	return match ? [match[1]?.toLowerCase(), match[2]] : [];
}

/** RFC 4514 has the most specific attribute first; of one with several values the convention wants them all. */
function distinguishedName(name: object | undefined): string | undefined {
	if (!name) return undefined;
	return Object.entries(name)
		.reverse()
		.map(([attribute, value]) => `${attribute}=${String(value)}`)
		.join(", ");
}
