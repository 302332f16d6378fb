import type { Connection, Origin } from "./connection";
import type { HostRecord } from "./journal";
import type { Lookups } from "./lookups";
import type { ConnectAttempt, Endpoint, HandshakeDetails } from "./setup";

export interface SetupsOptions {
	/** Milliseconds of the monotonic clock. */
	readonly now: () => number;
	readonly lookups: Lookups;
	readonly recordOf: (connection: Connection) => HostRecord;
	/** Told of each connection that has come about or failed. */
	readonly ended: (connection: Connection) => void;
}

/** How connections come about: what the hooks see of name resolution, attempts, tunnels and handshakes. */
export class Setups {
	/** Connections that are in the making. */
	readonly open = new Set<Connection>();

	constructor(private readonly options: SetupsOptions) {}

	/** A function of the program resolves the name. */
	customLookupBegun(
		{ setup }: Connection,
		name: string,
		question: string,
	): void {
		setup.lookup = this.options.lookups.begin(name, question, setup.start);
	}

	/** Called for each address of the answer, in one turn of the event loop. */
	customLookupAnswered(
		{ setup: { lookup } }: Connection,
		address: string | undefined,
		error: string | undefined,
	): void {
		if (!lookup?.custom) return;
		if (lookup.end === undefined) {
			lookup.passedOn = lookup.query?.over === true;
			this.options.lookups.end(lookup, error);
		}
		if (address !== undefined) lookup.answers.push(address);
	}

	attemptBegun(connection: Connection, peer: Endpoint): void {
		connection.setup.beginAttempt(this.options.now(), peer);
	}

	attemptFailed(connection: Connection, address: string, error: string): void {
		const attempt = connection.setup.attempts.find(
			(candidate) =>
				candidate.peer?.address === address && candidate.end === undefined,
		);
		if (!attempt) return;
		attempt.end = this.options.now();
		attempt.error = error;
	}

	connected(
		connection: Connection,
		peer: Endpoint | undefined,
		local: Endpoint | undefined,
	): void {
		const { setup } = connection;
		// A program may emit the event once more.
		if (setup.end !== undefined || setup.connectedAttempt) return;
		const now = this.options.now();
		// Node before 20.12 does not report attempts.
		const attempt: ConnectAttempt =
			setup.openAttempt ?? setup.beginAttempt(now, peer);
		attempt.end = now;
		if (peer) attempt.peer = peer;
		if (local) attempt.local = local;
		if (connection.secure) {
			setup.handshake ??= { start: now };
		} else if (connection.proxy?.tunnel) {
			setup.tunnel ??= { start: now };
		} else {
			this.completed(connection, now);
		}
	}

	/** What its socket connects to is a proxy, which has been asked for a tunnel. */
	tunnelBegun(connection: Connection, proxy: Origin): void {
		const { setup } = connection;
		connection.proxy ??= { ...proxy, tunnel: "tls" };
		const connected = setup.handshake?.end ?? setup.attempts.at(-1)?.end;
		if (connected !== undefined) setup.tunnel ??= { start: connected };
	}

	/** There is no tunnel, although the connection to the proxy is there. */
	tunnelFailed(connection: Connection, error: string): void {
		if (!connection.target) return;
		this.tunnelBegun(connection, connection.target);
		connection.setup.reopen();
		this.failed(connection, error);
	}

	/** The proxy has answered the request for a tunnel: with 200 it is there. */
	tunnelAnswered(connection: Connection, statusCode: number): void {
		const { tunnel, end } = connection.setup;
		if (!tunnel || end !== undefined) return;
		tunnel.statusCode = statusCode;
		if (statusCode !== 200) {
			this.failed(connection, String(statusCode));
		} else if (connection.proxy?.tunnel === "plain") {
			tunnel.end = this.options.now();
			this.completed(connection, tunnel.end);
		}
	}

	handshakeBegun(connection: Connection, serverName: string | undefined): void {
		const { setup } = connection;
		const { tunnel, handshake } = setup;
		const now = this.options.now();
		if (handshake?.end !== undefined) {
			// Through the tunnel of a proxy that speaks TLS itself.
			setup.proxyHandshake = handshake;
			setup.tunnel ??= { start: handshake.end };
			setup.tunnel.end = now;
			setup.handshake = { start: now, serverName };
		} else {
			if (tunnel) tunnel.end ??= now;
			// Begun by the event of the connected socket, a moment before.
			setup.handshake = { start: handshake?.start ?? now, serverName };
		}
		if (setup.end === undefined) return;
		// A plain connection becomes a secure one, as by STARTTLS: its setup goes on.
		setup.reopen();
		this.open.add(connection);
	}

	secured(connection: Connection, details: HandshakeDetails): void {
		const { setup } = connection;
		const { handshake } = setup;
		if (!handshake || handshake.end !== undefined) return;
		handshake.end = this.options.now();
		handshake.details = details;
		if (connection.proxy?.tunnel && !setup.tunnel && !setup.below) {
			setup.tunnel = { start: handshake.end };
		} else {
			this.completed(connection, handshake.end);
		}
	}

	/** The connection will not come about. */
	failed(connection: Connection, error: string): void {
		const { setup } = connection;
		if (setup.end !== undefined) return;
		const { now, lookups } = this.options;
		// What comes after the end of the lookup is no wait of this connection.
		if (setup.lookup?.query) lookups.queue.giveUp(setup.lookup.query);
		setup.fail(now(), error);
		if (!connection.cause) {
			const host = this.options.recordOf(connection);
			host.failuresInRow += 1;
			connection.failuresInRow = host.failuresInRow;
		}
		this.end(connection);
	}

	private completed(connection: Connection, at: number): void {
		connection.setup.end = at;
		connection.readyAt = at;
		this.options.recordOf(connection).failuresInRow = 0;
		this.end(connection);
	}

	private end(connection: Connection): void {
		this.open.delete(connection);
		if (!connection.cause) connection.invocation?.countConnection(connection);
		// Counted once and for all: a later handshake ends the setup again.
		connection.invocation = undefined;
		this.options.ended(connection);
		letGoOfCause(connection);
	}
}

/** Lets the program's request and response be collected although the connection that was made for them lives on. */
export function letGoOfCause(connection: Connection): void {
	const { cause, setup } = connection;
	if (cause?.endedAt === undefined || setup.end === undefined) return;
	const { context, span, endedAt } = cause;
	connection.cause = { context, span, endedAt };
}
