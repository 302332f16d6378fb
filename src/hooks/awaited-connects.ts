import type { Connection, ProxyHop } from "../connections/connection";
import type { UndiciOrigin } from "./undici-exchange";

/** A connection that a client of undici has announced and whose socket has not begun to connect yet. */
export interface AwaitedConnect {
	/** The function of the client that makes the socket. */
	readonly connector: object;
	/** Names under which the socket may connect. */
	readonly hosts: readonly (string | null | undefined)[];
	readonly port: number;
	/** The server that the connection is for. */
	readonly origin: UndiciOrigin;
	/** Where the connection is made to in place of that server. */
	readonly proxy?: ProxyHop | undefined;
	/** The span that the connection is made under; opaque here. */
	readonly context: unknown;
	/** Says whose connection it is. */
	join(connection: Connection): void;
}

/** Hardly ever more than one: undici's own connector begins to connect in the turn in which it is called. */
const awaited: AwaitedConnect[] = [];

/** Of a client that is destroyed before a connector of the program's has made its socket, nothing more is heard. */
const MOST_AWAITED = 100;

export function awaitConnect(connect: AwaitedConnect): void {
	if (awaited.length === MOST_AWAITED) awaited.shift();
	awaited.push(connect);
}

/** The announced connection that a socket to this host and port is for. */
export function takeAwaited(
	host: string,
	port: number,
): AwaitedConnect | undefined {
	if (awaited.length === 0) return undefined;
	return take(
		(connect) => connect.port === port && connect.hosts.includes(host),
	);
}

/** The announced connection of a connector that has made it without a socket that was seen. */
export function takeAwaitedOf(connector: object): AwaitedConnect | undefined {
	return take((connect) => connect.connector === connector);
}

/** The announced connection that its connector makes through a tunnel to this address. */
export function takeAwaitedThrough(
	address: string,
): AwaitedConnect | undefined {
	// Its connector has been called a moment ago.
	const index = awaited.findLastIndex(
		({ origin }) => addressOf(origin) === address,
	);
	return index < 0 ? undefined : awaited.splice(index, 1)[0];
}

function addressOf({ host, port }: UndiciOrigin): string {
	return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

function take(
	matches: (connect: AwaitedConnect) => boolean,
): AwaitedConnect | undefined {
	const index = awaited.findIndex(matches);
	return index < 0 ? undefined : awaited.splice(index, 1)[0];
}
