import type { Connection, PoolIdentity } from "./connection";
import type { HostRecord } from "./journal";
import type { PoolSnapshot } from "./pool";
import type { FreshFacts, IdleConnection } from "./reasons";
import type { Request } from "./request";

/** What the hook of an agent sees when a request needs a new connection. */
export interface FreshRequest {
	readonly pool?: PoolIdentity | undefined;
	readonly snapshot?: PoolSnapshot | undefined;
	readonly agentKeepAlive: boolean;
	readonly withoutPool?: string | undefined;
	readonly tlsOfOneRequest: boolean;
	readonly proxyTunnel: boolean;
	/** The connection itself, where it was handed over by somebody who had begun it. */
	readonly begun?: Connection | undefined;
	/** Connections of the pool counted as busy whose response is over, and which their client has not taken back yet. */
	readonly returning?: number | undefined;
	/** Names the options in which two pool keys differ. */
	differingOptions(key: string, otherKey: string): string;
}

/** How many connections are looked at for one decision, so that it costs the same in a large pool. */
const SCAN_LIMIT = 100;

/** A response counts as unread when nobody has read it for this long, in milliseconds. */
const UNREAD_AFTER = 10;

/** What a decision needs besides the evidence that the connections to the host give. */
export type Circumstances = Pick<
	FreshFacts,
	"earlierConnections" | "waited" | "otherHost" | "sessions"
>;

/**
 * All that is known of a request that needs a new connection. One shape for all: what is made by spreading has one of
 * its own each time, and every look at it is slow.
 */
export function evidence(
	record: HostRecord,
	fresh: FreshRequest,
	{ earlierConnections, waited, otherHost, sessions }: Circumstances,
	now: number,
	observedLate: boolean | undefined,
): FreshFacts {
	const { pool } = fresh;
	const { otherKey, otherAgent } = otherPools(record.idle, fresh, now);
	const { unread, oldestUnread } = unreadIn(record.open, pool, now);
	return {
		earlierConnections,
		observedLate,
		withoutPool: fresh.withoutPool,
		agentKeepAlive: fresh.agentKeepAlive,
		tlsOfOneRequest: fresh.tlsOfOneRequest,
		waited,
		pool: fresh.snapshot,
		unread,
		oldestUnread,
		returning: fresh.returning ?? 0,
		previousInPool: pool && record.lastEndedInPool(pool.agentId, pool.key),
		previousToHost: record.lastEnded(),
		otherKey,
		otherAgent,
		busyElsewhere: busyOutside(record.open, pool),
		otherHost,
		proxyTunnel: fresh.proxyTunnel,
		sessions,
	};
}

/** The other sessions of HTTP/2 to the same host. */
export function sessionsIn(
	open: Iterable<Connection>,
	besides: Connection,
): FreshFacts["sessions"] {
	let full = 0;
	let limit = 0;
	for (const connection of someOf(open)) {
		const { id, maxStreams, openRequests, openStreams } = connection;
		if (connection === besides || maxStreams === undefined) continue;
		const streams = Math.max(openRequests, openStreams);
		const most = Math.min(maxStreams, connection.clientMaxStreams ?? Infinity);
		if (streams < most) {
			return { full, limit, available: { id, streams } };
		}
		full += 1;
		limit = most;
	}
	return { full, limit };
}

/** In each of other pools, the connection that has been idle for the longest: it was free for the most requests. */
function otherPools(
	idle: Iterable<Connection>,
	{ pool, differingOptions }: FreshRequest,
	now: number,
): Pick<FreshFacts, "otherKey" | "otherAgent"> {
	let otherKey: FreshFacts["otherKey"];
	let otherAgent: IdleConnection | undefined;
	for (const connection of someOf(idle)) {
		const since = now - (connection.idleSince ?? now);
		if (!connection.pool || !pool) continue;
		if (connection.pool.agentId !== pool.agentId) {
			if (otherAgent && otherAgent.idle >= since) continue;
			otherAgent = { id: connection.id, idle: since };
		} else if (connection.pool.key !== pool.key) {
			if (otherKey && otherKey.idle >= since) continue;
			otherKey = {
				id: connection.id,
				idle: since,
				options: differingOptions(pool.key, connection.pool.key),
			};
		}
	}
	return { otherKey, otherAgent };
}

/** The connections of a pool that are held by responses which nobody reads. */
export function unreadIn(
	open: Iterable<Connection>,
	pool: PoolIdentity | undefined,
	now: number,
): Pick<FreshFacts, "unread" | "oldestUnread"> {
	let unread = 0;
	let oldestUnread = 0;
	if (!pool) return { unread, oldestUnread };
	for (const { holder, pool: itsPool } of someOf(open)) {
		if (!holder || !samePool(itsPool, pool)) continue;
		const since = now - (holder.respondedAt ?? now);
		if (since < UNREAD_AFTER || !holder.exchange.responseUnread) continue;
		unread += 1;
		oldestUnread = Math.max(oldestUnread, since);
	}
	return { unread, oldestUnread };
}

function busyOutside(
	open: Iterable<Connection>,
	pool: PoolIdentity | undefined,
): number {
	let busy = 0;
	for (const connection of someOf(open)) {
		if (connection.busy && !samePool(connection.pool, pool)) {
			busy += 1;
		}
	}
	return busy;
}

/** A host that the siblings of a connection, those of the same agent, go to for the same AWS service. */
export function otherHost(
	siblings: Iterable<Connection>,
	host: string,
	service: string | undefined,
): FreshFacts["otherHost"] {
	if (service === undefined) return undefined;
	for (const { origin, service: theirs } of someOf(siblings)) {
		if (theirs === service && origin.host !== host) {
			return { host: origin.host, service };
		}
	}
	return undefined;
}

/** Connections of clients of HTTP to a host, without those that are in the making for whoever asks. */
export function earlierIn(
	{ begun, open }: HostRecord,
	isOwn: (connection: Connection) => boolean,
): number {
	let earlier = begun;
	for (const connection of someOf(open)) {
		const { bare, setup } = connection;
		// What is still in the making may be for a request whose agent says so later.
		if (isOwn(connection) || (bare && setup.end !== undefined)) earlier -= 1;
	}
	return earlier;
}

/** Which connections were begun for the request before its agent could say so. */
export function isFor(
	{ createdAt }: Request,
	{ begun }: FreshRequest,
): (connection: Connection) => boolean {
	if (begun) return (connection) => connection === begun;
	return ({ cause, requestCount, setup }) =>
		!cause && requestCount === 0 && setup.start >= createdAt;
}

export function samePool(
	a: PoolIdentity | undefined,
	b: PoolIdentity | undefined,
): boolean {
	return (
		a !== undefined &&
		b !== undefined &&
		a.agentId === b.agentId &&
		a.key === b.key
	);
}

/** As many connections as are looked at for one decision. */
export function* someOf(
	connections: Iterable<Connection>,
): Generator<Connection> {
	let seen = 0;
	for (const connection of connections) {
		if (seen++ === SCAN_LIMIT) return;
		yield connection;
	}
}
