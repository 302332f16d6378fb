import type { Socket } from "node:net";
import type {
	Connection,
	Origin,
	PoolIdentity,
} from "../connections/connection";
import type { PoolSnapshot } from "../connections/pool";
import type { ConnectionTracker } from "../connections/tracker";
import { agentIdOf } from "./agent-ids";
import { stateOf } from "./sockets";
import type { UndiciOrigin } from "./undici-exchange";
import {
	hasQueued,
	headOfQueue,
	isWithheld,
	poolMark,
} from "./undici-internals";

/** A pool of undici, or a client without one. */
export class UndiciPool implements PoolIdentity {
	readonly agentId = agentIdOf(this);
	/** Requests that wait in its queues. */
	waiting = 0;
	/** The most connections that it has; absent where it does not say. */
	max?: number;
	/** One of its clients has said that it belongs to it. */
	confirmed = false;

	constructor(readonly key: string) {}
}

/** A pool that a connection is thought to belong to when it is begun. */
export interface Guess {
	readonly pool: UndiciPool;
	/** The pool has no other connection: if it turns out to be another one, that one has taken its place. */
	readonly alone: boolean;
}

/** A connection that is ready. */
export interface Confirmation {
	readonly connection: Connection;
	readonly socket: Socket;
	readonly client: object;
	readonly connector: object;
	readonly guess: Guess | undefined;
	readonly origin: UndiciOrigin;
}

export interface UndiciSnapshot extends PoolSnapshot {
	/** Of those counted as busy, the connections that carry nothing, and that their client has not taken back yet. */
	readonly returning: number;
}

const MOST_ORIGINS = 1000;

/**
 * Tells the pools of undici apart. When a connection is begun, its client is not known yet: only the function by
 * which it connects is, if it connected before. Otherwise the state of the known pools tells, since a pool makes a new
 * client when it may give no request to those that it has. Once ready, a connection has a client that knows its pool.
 */
export class UndiciPools {
	private readonly byConnector = new WeakMap<object, UndiciPool>();
	private readonly byMark = new WeakMap<object, UndiciPool>();
	private readonly sockets = new WeakMap<Connection, Socket>();
	/** The pool that last connected to an origin; the origin that was connected to last stands at the end. */
	private readonly latest = new Map<string, UndiciPool>();

	constructor(private readonly tracker: ConnectionTracker) {}

	/** The pool that begins a connection. */
	guess(connector: object, origin: UndiciOrigin): Guess {
		const known = this.byConnector.get(connector);
		const guess = known
			? { pool: known, alone: false }
			: this.guessFromState(origin);
		this.remember(guess.pool, connector, origin);
		return guess;
	}

	private guessFromState(origin: UndiciOrigin): Guess {
		const free = new Set<PoolIdentity>();
		const full = new Set<UndiciPool>();
		for (const connection of this.tracker.connectionsTo(origin)) {
			const { pool } = connection;
			if (!(pool instanceof UndiciPool) || pool.key !== origin.text) continue;
			if (this.isFree(connection) || isUnneeded(connection)) free.add(pool);
			else full.add(pool);
		}
		for (const pool of full) {
			if (!free.has(pool)) return { pool, alone: false };
		}
		const latest = this.latest.get(origin.text);
		// An agent drops a pool whose last connection ended, and makes another one when it needs it.
		const continued =
			latest &&
			!free.has(latest) &&
			this.tracker.lastEndingIn(latest, origin) !== "agent_destroyed";
		return {
			pool: continued ? latest : new UndiciPool(origin.text),
			alone: true,
		};
	}

	/** The pool that a connection belongs to, now that it is ready. */
	confirm({
		connection,
		socket,
		client,
		connector,
		guess,
		origin,
	}: Confirmation): UndiciPool {
		this.sockets.set(connection, socket);
		const mark = poolMark(client);
		const pool = this.byMark.get(mark) ?? unclaimed(guess, origin);
		if (mark === client) pool.max = 1;
		pool.confirmed = true;
		this.byMark.set(mark, pool);
		this.remember(pool, connector, origin);
		return pool;
	}

	private remember(
		pool: UndiciPool,
		connector: object,
		origin: UndiciOrigin,
	): void {
		this.byConnector.set(connector, pool);
		const { latest } = this;
		latest.delete(origin.text);
		latest.set(origin.text, pool);
		if (latest.size > MOST_ORIGINS) {
			const [oldest] = latest.keys();
			latest.delete(oldest as string);
		}
	}

	/** The pool that a request waits in, if the connections to its server leave no doubt. */
	onlyPool(origin: Origin): UndiciPool | undefined {
		const pools = new Set<UndiciPool>();
		for (const { pool } of this.tracker.connectionsTo(origin)) {
			if (pool instanceof UndiciPool) pools.add(pool);
		}
		const [pool] = pools;
		return pools.size === 1 ? pool : undefined;
	}

	snapshot(pool: UndiciPool, origin: Origin): UndiciSnapshot {
		let free = 0;
		let busy = 0;
		let returning = 0;
		for (const connection of this.tracker.connectionsTo(origin)) {
			if (connection.pool !== pool) continue;
			if (this.isFree(connection)) {
				free += 1;
				continue;
			}
			busy += 1;
			const client = this.idleClientOf(connection);
			if (client && !hasQueued(client)) returning += 1;
		}
		return { free, busy, queued: pool.waiting, max: pool.max, returning };
	}

	/** Whether an idle connection is about to carry the request. */
	isTaken(request: object, origin: Origin): boolean {
		for (const connection of this.tracker.connectionsTo(origin)) {
			const client = this.idleClientOf(connection);
			if (client && headOfQueue(client) === request) return true;
		}
		return false;
	}

	private isFree(connection: Connection): boolean {
		const client = this.idleClientOf(connection);
		return client !== undefined && !isWithheld(client) && !hasQueued(client);
	}

	/** Sockets of idle connections whose client was closed and will destroy them in a moment. */
	*aboutToClose(origin: Origin): Generator<Socket> {
		for (const connection of this.tracker.connectionsTo(origin)) {
			const socket = this.sockets.get(connection);
			const client = this.idleClientOf(connection);
			if (socket && client?.closed === true) yield socket;
		}
	}

	private idleClientOf(
		connection: Connection,
	): { readonly closed?: boolean } | undefined {
		if (connection.idleSince === undefined) return undefined;
		const socket = this.sockets.get(connection);
		return socket && stateOf(socket)?.undici?.client;
	}
}

/** Whether no request waits for a connection that has carried none. */
function isUnneeded({ requestCount, cause, unasked }: Connection): boolean {
	return unasked || (requestCount === 0 && cause?.endedAt !== undefined);
}

/** The pool that was guessed, unless it is known to be another one. */
function unclaimed(
	guess: Guess | undefined,
	{ text }: UndiciOrigin,
): UndiciPool {
	if (guess && (guess.alone || !guess.pool.confirmed)) return guess.pool;
	return new UndiciPool(text);
}
