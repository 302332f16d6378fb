import { ConnectionsByAgent } from "./by-agent";
import {
	Connection,
	type Origin,
	type PoolIdentity,
	type ProxyHop,
} from "./connection";
import { ENDED_WITHOUT_CODE, endedWithRequest } from "./cut-short";
import type { Decision } from "./decision";
import { type EndingFacts, explainEnding } from "./ending";
import {
	type Circumstances,
	earlierIn,
	evidence,
	type FreshRequest,
	isFor,
	otherHost,
	samePool,
	sessionsIn,
	someOf,
	unreadIn,
} from "./evidence";
import { findingsOf } from "./findings";
import type { InvocationSource } from "./invocation";
import { type HostRecord, Journal } from "./journal";
import { Lookups, type LookupsOptions } from "./lookups";
import type { PoolSnapshot } from "./pool";
import type { Reason } from "./reason";
import { decideReason } from "./reasons";
import { type Exchange, Request } from "./request";
import { Roster } from "./roster";
import { durationOf, type Endpoint, type Lookup } from "./setup";
import { letGoOfCause, Setups } from "./setups";
import { ms } from "./wording";

/** Told about everything that is over. */
export interface TrackerListener {
	/** The request has its connection, or has been given its body there; what its exchange shows of that is not written yet. */
	requestAssigned(request: Request): void;
	requestEnded(request: Request): void;
	/** The connection came about or failed: `connection.setup.end` is set. */
	setupEnded(connection: Connection): void;
	connectionEnded(connection: Connection): void;
	/** A name resolution that no connection asked for. */
	lookupEnded(lookup: Lookup, context: unknown): void;
}

/** From where to where a connection goes. */
interface Way {
	readonly peer?: Endpoint | undefined;
	readonly local?: Endpoint | undefined;
}

export interface TrackerOptions extends LookupsOptions {
	/** Makes connection ids unique across processes. */
	readonly idPrefix: string;
	/** Value of AWS_NODEJS_CONNECTION_REUSE_ENABLED, if it is set. */
	readonly reuseVariable: string | undefined;
	/** The AWS service that a request calls, if it does. */
	readonly serviceOf: (exchange: Exchange) => string | undefined;
	/** In a Lambda environment: what the code that runs right now belongs to. */
	readonly invocations?: InvocationSource | undefined;
	/** Connections may have been there before. */
	readonly observesLate?: boolean;
	/** Told of what begins, as long as no connection has begun before it: there may be something to tell from now on. */
	readonly onBegun?: () => void;
	readonly listener: TrackerListener;
}

/** All that is known of the process's connections and requests: fed with facts by the hooks, asked by nobody but its listener. */
export class ConnectionTracker {
	readonly openRequests = new Roster<Request>();
	readonly setups: Setups;
	/** Connections that are open, whatever they do. */
	openConnections = 0;
	readonly lookups: Lookups;
	private readonly journal = new Journal();
	/** Ended connections that their agents still list, since a socket leaves its pool when it emits `close`. */
	private readonly closing = new ConnectionsByAgent();
	private readonly openByAgent = new ConnectionsByAgent();
	private readonly options: TrackerOptions;
	private connectionCount = 0;
	private frozen: number | undefined;

	constructor(options: TrackerOptions) {
		this.options = options;
		this.lookups = new Lookups(options);
		this.setups = new Setups({
			now: options.now,
			lookups: this.lookups,
			recordOf: (connection) => this.hostOf(connection),
			ended: (connection) => options.listener.setupEnded(connection),
		});
	}

	// Requests

	requestCreated(exchange: Exchange, context: unknown): Request {
		if (this.connectionCount === 0) this.options.onBegun?.();
		const request = new Request(exchange, this.options.now(), context);
		if (this.frozen !== undefined) {
			request.frozen = this.frozen;
			this.frozen = undefined;
		}
		request.invocation = this.options.invocations?.current;
		this.openRequests.add(request);
		return request;
	}

	requestQueued(
		request: Request,
		snapshot: PoolSnapshot,
		pool: PoolIdentity,
	): void {
		const { host, port } = request.exchange;
		const { unread, oldestUnread } = unreadIn(
			this.journal.of(host, port).open,
			pool,
			this.options.now(),
		);
		const held =
			snapshot.busy === 0
				? "no connection of the pool carries a request: those of other hosts, or that are closing, take up the limit"
				: "every connection carries a request";
		const detail =
			unread === 0
				? held
				: `${unread} of ${snapshot.busy} connections held by responses that nobody reads, the oldest for ${ms(oldestUnread)}`;
		request.wait = { pool: snapshot, detail, unread };
	}

	/** The agent hands the connection to the request. */
	requestAssigned(request: Request, connection: Connection): void {
		const now = this.options.now();
		request.connection = connection;
		request.assignedAt = now;
		// Those of another connection, where a client sends a request again.
		request.connectionAge = undefined;
		request.connectionIdle = undefined;
		if (connection.requestCount > 0) {
			if (connection.readyAt !== undefined) {
				request.connectionAge = now - connection.readyAt;
			}
			if (
				connection.openRequests === 0 &&
				connection.lastRequestEndedAt !== undefined
			) {
				request.connectionIdle = now - connection.lastRequestEndedAt;
			}
		}
		connection.openRequests += 1;
		if (!connection.multiplexed) connection.holder = request;
		connection.idleSince = undefined;
		this.hostOf(connection).idle.delete(connection);
	}

	/** The request begins to use its connection: from here on the connection counts it. */
	requestStarted(request: Request): void {
		const { connection } = request;
		if (!connection) return;
		connection.requestCount += 1;
		request.number = connection.requestCount;
		this.hostOf(connection).requests += 1;
		this.options.listener.requestAssigned(request);
	}

	/** Its body, given after it was started, can be read from the exchange now. */
	requestBodyKnown(request: Request): void {
		this.options.listener.requestAssigned(request);
	}

	/**
	 * The first byte of the response has come.
	 * @param written whether the system has taken the whole request, as far as it was given to the connection
	 */
	responseBegun(request: Request, written: boolean): void {
		request.firstByteAt = this.options.now();
		const { handedOverAt, connection } = request;
		if (!written || handedOverAt === undefined) return;
		// What was given to a connection in the making was written when that was ready.
		request.writtenAt ??= Math.max(handedOverAt, connection?.readyAt ?? 0);
	}

	requestEnded(request: Request, error?: string): void {
		if (request.endedAt !== undefined) return;
		const { failedAt } = request;
		request.endedAt =
			error === undefined || failedAt === undefined
				? this.options.now()
				: failedAt;
		if (request.connection) this.release(request.connection);
		if (request.number === undefined) request.giveUpUnusedConnection();
		if (request.connection) {
			request.connection.lastRequestEndedAt = request.endedAt;
		}
		if (error !== undefined) request.error ??= error;
		this.openRequests.delete(request);
		if (request.caused || request.wait) this.lookForFindings(request);
		request.invocation?.count(request);
		this.options.listener.requestEnded(request);
		if (request.caused) letGoOfCause(request.caused);
	}

	/** The request is told of an error. Node closes a connection whose answer it cannot read before it says why. */
	requestFailed(request: Request, code: string): void {
		request.error ??= code;
		request.failedAt ??= this.options.now();
		const ending = request.connection?.ending;
		if (ending?.detail === ENDED_WITHOUT_CODE) {
			[, ending.detail] = endedWithRequest(code);
		}
	}

	/** No pool takes a multiplexed connection back: it is idle as soon as it carries nothing. */
	private release(connection: Connection): void {
		connection.openRequests -= 1;
		if (
			connection.multiplexed &&
			connection.openRequests === 0 &&
			connection.open
		) {
			this.connectionIdle(connection);
		}
	}

	/** The request goes where nothing is traced. */
	requestForgotten(request: Request): void {
		request.endedAt = this.options.now();
		this.openRequests.delete(request);
	}

	private lookForFindings(request: Request): void {
		const { host, port } = request.exchange;
		const { agents, requests } = this.journal.of(host, port);
		const { reuseVariable } = this.options;
		request.findings = findingsOf({ request, agents, requests, reuseVariable });
	}

	/** The process did not run for this many milliseconds. */
	processFrozen(duration: number): void {
		this.frozen = (this.frozen ?? 0) + duration;
	}

	// Connections

	connectionBegun(
		origin: Origin,
		secure: boolean,
		context: unknown,
	): Connection {
		if (this.connectionCount === 0) this.options.onBegun?.();
		this.connectionCount += 1;
		const connection = new Connection(
			`${this.options.idPrefix}-${this.connectionCount}`,
			originOf(origin),
			secure,
			this.options.now(),
			context,
		);
		const { invocations } = this.options;
		connection.invocation = invocations?.current;
		connection.lambdaPhase = invocations?.phase;
		this.openConnections += 1;
		this.hostOf(connection).begin(connection);
		this.setups.open.add(connection);
		return connection;
	}

	/** A TLS connection through a tunnel that an earlier connection has become. */
	connectionThrough(
		tunnel: Connection,
		origin: Origin,
		context: unknown,
	): Connection {
		const connection = this.connectionBegun(origin, true, context);
		const { setup } = connection;
		setup.below = tunnel.setup.connectedAttempt;
		connection.proxy = { ...tunnel.origin, tunnel: "tls" };
		setup.handshake = { start: setup.start };
		return connection;
	}

	/** A plain connection through such a tunnel: there is nothing of its own to set up. */
	connectionInside(tunnel: Connection, origin: Origin): Connection {
		const connection = this.connectionAdopted(origin);
		connection.setup.below = tunnel.setup.connectedAttempt;
		connection.proxy = { ...tunnel.origin, tunnel: "plain" };
		return connection;
	}

	/** A connection whose making nobody watched, such as a stream that a program hands to its request. */
	connectionAdopted(origin: Origin): Connection {
		const connection = this.connectionBegun(origin, false, undefined);
		connection.observed = false;
		this.setups.open.delete(connection);
		const { setup } = connection;
		setup.end = setup.start;
		connection.readyAt = setup.start;
		return connection;
	}

	/** A connection that was there, and has carried requests, before anything was watched. */
	connectionFound(origin: Origin, { peer, local }: Way): Connection {
		const connection = this.connectionAdopted(origin);
		const { setup } = connection;
		const attempt = setup.beginAttempt(setup.start, peer);
		attempt.end = setup.start;
		if (local) attempt.local = local;
		connection.usedBefore = true;
		delete connection.readyAt;
		return connection;
	}

	/** Says for which request a connection is made, and decides why. */
	decide(request: Request, fresh: FreshRequest): Decision {
		const { exchange } = request;
		const { host, port } = exchange;
		const record = this.journal.of(host, port);
		const { free = 0, busy = 0 } = fresh.snapshot ?? {};
		const earlierConnections = Math.max(
			earlierIn(record, isFor(request, fresh)),
			// Its pool may have some that nobody watched.
			free + busy,
		);
		request.decision = this.decision(record, fresh, {
			earlierConnections,
			waited: request.wait !== undefined,
			otherHost:
				earlierConnections === 0 && fresh.pool
					? otherHost(
							this.openByAgent.of(fresh.pool.agentId),
							host,
							this.options.serviceOf(exchange),
						)
					: undefined,
		});
		return request.decision;
	}

	/** Decides again for a connection that turns out to be of another pool than was thought when it was begun. */
	decideAgain(connection: Connection, fresh: FreshRequest): void {
		const { cause, decision } = connection;
		if (!(cause instanceof Request)) return;
		this.hostOf(connection).markReplaced(decision?.previousId, false);
		connection.decision = this.decide(cause, fresh);
	}

	/** Decides why a connection is made that no request waits for. */
	decideUnasked({ host, port }: Origin, fresh: FreshRequest): Decision {
		const record = this.journal.of(host, port);
		return this.decision(record, fresh, {
			earlierConnections: earlierIn(record, () => false),
			waited: false,
		});
	}

	/** The program has begun a connection for HTTP/2; for which requests is not known yet. */
	sessionBegun(connection: Connection, fresh: FreshRequest): void {
		const record = this.hostOf(connection);
		connection.decision = this.decision(record, fresh, {
			earlierConnections: earlierIn(record, (other) => other === connection),
			waited: false,
			sessions: sessionsIn(record.open, connection),
		});
	}

	private decision(
		record: HostRecord,
		fresh: FreshRequest,
		circumstances: Circumstances,
	): Decision {
		const { now, observesLate } = this.options;
		const { reason, detail, contributing, previousId } = decideReason(
			evidence(record, fresh, circumstances, now(), observesLate),
		);
		if (previousId !== undefined) record.markReplaced(previousId);
		return { reason, detail, contributing, previousId, pool: fresh.snapshot };
	}

	/** Joins a new connection to the request it is made for. */
	connectionCaused(
		connection: Connection,
		request: Request,
		pool: PoolIdentity | undefined,
	): void {
		connection.pool = pool;
		connection.service = this.options.serviceOf(request.exchange);
		if (request.decision) connection.decision = request.decision;
		else if (connection.decision) request.decision = connection.decision;
		if (!isReadyBefore(connection, request)) {
			connection.cause = request;
			request.caused = connection;
			// A connection handed over by createConnection was begun before its request could be seen.
			request.createdAt = Math.min(request.createdAt, connection.setup.start);
		}
		if (pool && request.decision?.reason !== "no_pool") {
			this.hostOf(connection).madeBy(pool.agentId);
		}
		if (pool) this.connectionPooled(connection, pool);
	}

	/**
	 * A request comes to its connection. Of clients that say for whom they connect only now: a connection was made for
	 * the first request that it serves, and a request caused none but the one that serves it.
	 */
	connectionServes(connection: Connection, request: Request): void {
		const { caused } = request;
		if (caused && caused !== connection) {
			caused.cause = undefined;
			forgetCaused(request);
		}
		connection.unasked = false;
		if (connection.requestCount > 0 || connection.usedBefore) return;
		if (connection.cause === request) return;
		if (request.createdAt > connection.setup.start) return;
		if (connection.cause instanceof Request) forgetCaused(connection.cause);
		connection.cause = request;
		request.caused = connection;
		if (connection.decision) request.decision = connection.decision;
	}

	/** The connection belongs to this pool, whatever was thought before. */
	connectionPooled(connection: Connection, pool: PoolIdentity): void {
		this.openByAgent.delete(connection);
		connection.pool = pool;
		this.openByAgent.add(connection);
	}

	/** A connection is made that no request waits for. */
	connectionUnasked(
		connection: Connection,
		pool: PoolIdentity,
		decision: Decision,
	): void {
		connection.unasked = true;
		connection.decision = decision;
		this.connectionPooled(connection, pool);
	}

	/** Why the last connection of a pool ended that no later one has replaced yet. */
	lastEndingIn(pool: PoolIdentity, { host, port }: Origin): Reason | undefined {
		return this.journal.of(host, port).lastEndedInPool(pool.agentId, pool.key)
			?.reason;
	}

	/** All connections that are open, whatever they do. */
	*connections(): Generator<Connection> {
		for (const { open } of this.journal.records) yield* open;
	}

	/** The open connections to a server. */
	connectionsTo({ host, port }: Origin): Iterable<Connection> {
		return someOf(this.journal.of(host, port).open);
	}

	standaloneLookupEnded(
		lookup: Lookup,
		context: unknown,
		error?: string,
	): void {
		this.lookups.end(lookup, error);
		this.options.listener.lookupEnded(lookup, context);
	}

	/** The connection serves another origin than the one that it was begun for. */
	connectionTo(connection: Connection, origin: Origin): void {
		this.hostOf(connection).withdraw(connection);
		connection.origin = originOf(origin);
		connection.record = undefined;
		this.hostOf(connection).begin(connection);
	}

	/** The connection is made to a proxy. Call it before a decision about another connection to the server. */
	connectionProxied(
		connection: Connection,
		proxy: ProxyHop,
		origin: Origin,
	): void {
		this.connectionTo(connection, origin);
		connection.proxy = proxy;
		const { handshake, attempts, tunnel } = connection.setup;
		const connected = attempts.at(-1)?.end;
		// The agent made the tunnel before it said for whom.
		if (proxy.tunnel && handshake && connected !== undefined && !tunnel) {
			connection.setup.tunnel = { start: connected, end: handshake.start };
		}
	}

	/** The connection went back to its pool. */
	connectionIdle(connection: Connection): void {
		connection.holder = undefined;
		connection.idleSince = this.options.now();
		this.hostOf(connection).idle.add(connection);
	}

	/** The connection left its pool for good, and the program uses it for something else. */
	connectionUpgraded(connection: Connection): void {
		this.end(connection, "upgraded", "left the pool by Upgrade or CONNECT");
		this.closing.delete(connection);
	}

	/** The proxy refuses the tunnel, and the agent uses the connection to it no more, open as it may be. */
	tunnelRefused(connection: Connection, error: string): void {
		if (!connection.open) return;
		this.setups.tunnelFailed(connection, error);
		this.end(connection, "connect_failed", `the attempt failed: ${error}`);
		this.closing.delete(connection);
	}

	connectionDestroyed(connection: Connection, facts: EndingFacts): void {
		if (!connection.open) return;
		const { idleSince, holder, setup } = connection;
		const now = this.options.now();
		facts.age = now - setup.start;
		if (idleSince !== undefined) facts.idle = now - idleSince;
		const written = holder?.writtenAt ?? holder?.assignedAt;
		if (written !== undefined) facts.sinceWritten = now - written;
		facts.roundTrip = durationOf(setup.connectedAttempt);
		const [reason, detail] = explainEnding(facts);
		this.end(connection, reason, detail);
	}

	/** The socket of an ended connection is closed. */
	connectionClosed(connection: Connection): void {
		this.closing.delete(connection);
	}

	/** The pool as it is without the connections that it lists and that have ended. */
	withoutClosing(pool: PoolIdentity, listed: PoolSnapshot): PoolSnapshot {
		let { free, busy } = listed;
		for (const connection of this.closing.of(pool.agentId)) {
			if (!samePool(connection.pool, pool)) continue;
			if (connection.idleSince === undefined) busy -= 1;
			else free -= 1;
		}
		return {
			free: Math.max(free, 0),
			busy: Math.max(busy, 0),
			queued: listed.queued,
			max: listed.max,
		};
	}

	private end(
		connection: Connection,
		...[reason, detail]: ReturnType<typeof explainEnding>
	): void {
		const at = this.options.now();
		connection.ending = { at, reason, detail };
		this.openConnections -= 1;
		this.hostOf(connection).end(connection);
		this.closing.add(connection);
		this.openByAgent.delete(connection);
		this.options.listener.connectionEnded(connection);
	}

	private hostOf(connection: Connection): HostRecord {
		const { origin } = connection;
		connection.record ??= this.journal.of(origin.host, origin.port);
		return connection.record;
	}
}

/** The program had made the connection before, for nobody: the request paid nothing of it. */
function isReadyBefore({ readyAt }: Connection, request: Request): boolean {
	return (
		readyAt !== undefined && readyAt < request.createdAt && !request.seenLate
	);
}

/** Of what may be a request, which a connection shall not hold. */
function originOf({ host, port }: Origin): Origin {
	return { host, port };
}

function forgetCaused(request: Request): void {
	delete request.caused;
	delete request.decision;
}
