import type { Socket } from "node:net";
import type { Connection, Origin, ProxyHop } from "../connections/connection";
import type { Request } from "../connections/request";
import { stateOf } from "./sockets";

export function isSame(a: Origin, b: Origin): boolean {
	return a.host === b.host && a.port === b.port;
}

/** The proxy that a request is sent to with its whole URL. */
export function forwarderOf(
	{ exchange }: Request,
	{ host, port }: Origin,
): ProxyHop | undefined {
	return exchange.forForwarding && !isSame({ host, port }, exchange)
		? { host, port }
		: undefined;
}

/** The proxy of a connection that was made before anybody said for which request. */
export function proxyOf(
	connection: Connection,
	request: Request,
	socket: Socket,
): ProxyHop | undefined {
	if (connection.cause || connection.requestCount > 0) return undefined;
	return (
		connection.proxy ??
		forwarderOf(request, connection.origin) ??
		tunnelOf(request, connection, socket)
	);
}

/** The proxy that was talked to before TLS with the server of the request began. */
function tunnelOf(
	{ exchange }: Request,
	{ origin }: Connection,
	socket: Socket,
): ProxyHop | undefined {
	return stateOf(socket)?.spoken && !isSame(origin, exchange)
		? { ...origin, tunnel: "tls" }
		: undefined;
}
