import { TLSSocket } from "node:tls";
import type { HandshakeDetails } from "../connections/setup";
import { type HookEnvironment, observe } from "./environment";
import { replaceMethod } from "./patch";
import { stateOf, watch } from "./sockets";

/**
 * Watches the beginning of TLS handshakes by `TLSSocket.prototype._start`, which Node calls when the transport below
 * is connected: for its own sockets as for a socket that the program hands to `tls.connect`.
 * Checked on Node 20, 22, 24, 26.
 */
export function hookTls(environment: HookEnvironment): void {
	replaceMethod(TLSSocket.prototype, "_start", (start) => {
		return function _start(this: any) {
			observe(environment, () => handshakeBegun(environment, this));
			return start.call(this);
		};
	});
}

function handshakeBegun({ tracker }: HookEnvironment, socket: any): void {
	// Still connecting: Node calls again. Without a handle: given up in between.
	if (socket.connecting || !socket._handle) return;
	const below = socket._parent ? stateOf(socket._parent) : undefined;
	if (below && !stateOf(socket)) watch(socket, below);
	const state = stateOf(socket);
	if (state) {
		tracker.handshakeBegun(
			state.connection,
			socket._host || socket.servername || undefined,
		);
	}
}

/**
 * Reads what was agreed. The certificate is asked for alone, without its chain, and not by `getPeerX509Certificate`,
 * after which the program would be given no certificate any more (seen on Node 20.20.2).
 */
export function handshakeDetails(socket: TLSSocket): HandshakeDetails {
	const [name, version] = protocol(socket.getProtocol());
	const certificate = socket.getPeerCertificate();
	return {
		protocolName: name,
		protocolVersion: version,
		cipher: socket.getCipher()?.standardName,
		nextProtocol: socket.alpnProtocol || undefined,
		resumed: socket.isSessionReused(),
		serverSubject: distinguishedName(certificate.subject),
		serverIssuer: distinguishedName(certificate.issuer),
		serverNotAfter:
			certificate.valid_to && new Date(certificate.valid_to).toISOString(),
	};
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
