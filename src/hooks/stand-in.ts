import { Socket } from "node:net";
import { TLSSocket } from "node:tls";

type Listener = (...args: any[]) => void;

/**
 * What instrumentation-net sees in place of a socket. It takes the listeners that the package would add, so that the
 * program's socket keeps its own: with the package's listeners on it, an unhandled `error` event would count as
 * handled, and a program that counts listeners would count ours.
 */
export interface SocketStandIn {
	readonly socket: Socket;
	/** Passes an event of the socket on to the package. */
	dispatch(event: string, ...args: unknown[]): void;
}

type StandInClass = new (socket: Socket) => SocketStandIn;

/** The package tells plain and TLS sockets apart by `instanceof`, hence a class for each. */
function standInFor(base: { readonly prototype: object }): StandInClass {
	class StandIn implements SocketStandIn {
		private readonly listeners = new Map<string, Listener[]>();

		constructor(readonly socket: Socket) {}

		once(event: string, listener: Listener): void {
			const listeners = this.listeners.get(event);
			if (listeners) listeners.push(listener);
			else this.listeners.set(event, [listener]);
		}

		prependOnceListener(event: string, listener: Listener): void {
			this.once(event, listener);
		}

		removeListener(event: string, listener: Listener): void {
			const listeners = this.listeners.get(event);
			const index = listeners?.indexOf(listener) ?? -1;
			if (index >= 0) listeners?.splice(index, 1);
		}

		dispatch(event: string, ...args: unknown[]): void {
			const listeners = this.listeners.get(event);
			if (!listeners) return;
			this.listeners.delete(event);
			for (const listener of listeners) listener.apply(this, args);
		}

		// The package asks for these and writes attributes that are not exported. What the spans say of the socket
		// is read by the hooks, so the answers cost nothing here: the certificate chain alone takes longer to walk
		// than everything else that is done for a connection.
		readonly remoteAddress = undefined;
		readonly localAddress = undefined;
		readonly localPort = undefined;
		readonly authorized = undefined;
		readonly alpnProtocol = undefined;

		getPeerCertificate(): object {
			return {};
		}

		getCipher(): object {
			return {};
		}

		getProtocol(): null {
			return null;
		}
	}
	Object.setPrototypeOf(StandIn.prototype, base.prototype);
	return StandIn;
}

const PlainStandIn = standInFor(Socket);
const SecureStandIn = standInFor(TLSSocket);

export function standInOf(socket: Socket): SocketStandIn {
	return socket instanceof TLSSocket
		? new SecureStandIn(socket)
		: new PlainStandIn(socket);
}
