import { subscribe } from "node:diagnostics_channel";
import type { Socket } from "node:net";
import type { Connection, Origin, ProxyHop } from "../connections/connection";
import type { FreshRequest } from "../connections/evidence";
import type { Request } from "../connections/request";
import {
	type AwaitedConnect,
	awaitConnect,
	takeAwaitedOf,
	takeAwaitedThrough,
} from "./awaited-connects";
import { connectionEnds } from "./ending";
import { type HookEnvironment, observe } from "./environment";
import { errorType } from "./errors";
import { hiddenField } from "./hidden-field";
import { foundBehind } from "./http-requests";
import {
	hasWrittenAll,
	responseBegins,
	type SocketState,
	stateOf,
	watch,
} from "./sockets";
import {
	originOf,
	serverOf,
	UndiciExchange,
	UndiciHints,
	type UndiciOrigin,
	type UndiciRequest,
	type UndiciResponse,
} from "./undici-exchange";
import {
	clientOf,
	closesAfterResponse,
	hasQueued,
	headOfQueue,
	isConnecting,
	isPipe,
	pipeliningOf,
} from "./undici-internals";
import { type Guess, type UndiciPool, UndiciPools } from "./undici-pools";

interface RequestMessage {
	readonly request: UndiciRequest;
}

interface ConnectMessage {
	readonly connectParams: {
		readonly protocol: string;
		readonly host: string;
		readonly hostname: string;
		readonly servername?: string | null;
	};
	readonly connector: object;
}

/**
 * Watches undici, the built-in `fetch` and copies from npm alike, by the diagnostics channels that all of them publish
 * to. Nothing of undici is loaded or patched. Checked on undici 6.24, 6.28, 6.29, 7.29, 7.30, 8.10 and 8.13.
 */
export function hookUndici(environment: HookEnvironment): void {
	let { tracker } = environment;
	let watcher = new UndiciWatcher(environment);
	const on = <Message>(name: string, handle: (message: Message) => void) =>
		subscribe(`undici:${name}`, (message) => {
			observe(environment, () => {
				if (tracker !== environment.tracker) {
					tracker = environment.tracker;
					watcher = new UndiciWatcher(environment);
				}
				handle(message as Message);
			});
		});
	on<RequestMessage>("request:create", ({ request }) =>
		watcher.created(request),
	);
	on<ConnectMessage>("client:beforeConnect", (message) =>
		watcher.connecting(message),
	);
	on<ConnectMessage & { socket: Socket }>("client:connected", (message) =>
		watcher.connected(message, message.socket),
	);
	on<ConnectMessage>("client:connectError", ({ connector }) =>
		watcher.connectFailed(connector),
	);
	on<RequestMessage & { socket: Socket }>(
		"client:sendHeaders",
		({ request, socket }) => watcher.sent(request, socket),
	);
	on<RequestMessage>("request:bodySent", ({ request }) =>
		watcher.bodySent(request),
	);
	on<RequestMessage & { response: UndiciResponse }>(
		"request:headers",
		({ request, response }) => watcher.responded(request, response),
	);
	on<RequestMessage>("request:trailers", ({ request }) =>
		watcher.ended(request),
	);
	on<RequestMessage & { error: unknown }>(
		"request:error",
		({ request, error }) => watcher.failed(request, error),
	);
}

/** What a CONNECT asks a proxy for. */
interface Tunnel {
	/** The connection that is to go through it. */
	readonly awaited: AwaitedConnect;
	connection?: Connection;
}

class UndiciWatcher {
	private readonly requests = hiddenField<Request>();
	private readonly pools: UndiciPools;
	/** Requests that were created and not sent yet, in order. */
	private readonly pending = new Set<Request>();
	/** The last of them, until something else happens and shows what became of it. */
	private newest: Request | undefined;
	private readonly guesses = new WeakMap<Connection, Guess>();
	private readonly tunnels = hiddenField<Tunnel>();
	/** The last of them, until the client of the proxy has connected for it. */
	private newestTunnel: Tunnel | undefined;
	/** The client that connected by a function. */
	private readonly clients = new WeakMap<object, object>();

	constructor(private readonly environment: HookEnvironment) {
		this.pools = new UndiciPools(environment.tracker);
	}

	/** A client was given a request. It may send it, connect for it or queue it before this turn is over. */
	created(undiciRequest: UndiciRequest): void {
		this.settleNewest();
		const { tracker, activeContext, tracesHost, freezeWatch } =
			this.environment;
		if (this.opensTunnel(undiciRequest)) return;
		const origin = serverOf(undiciRequest);
		if (!origin || !tracesHost(origin.host)) return;
		freezeWatch.check();
		const request = tracker.requestCreated(
			new UndiciExchange(undiciRequest, origin),
			activeContext(),
		);
		this.requests.set(undiciRequest, request);
		this.pending.add(request);
		this.newest = request;
	}

	/** A CONNECT that a client of a proxy sends is part of the making of another client's connection. */
	private opensTunnel(undiciRequest: UndiciRequest): boolean {
		const { method, path } = undiciRequest;
		const awaited = method === "CONNECT" ? takeAwaitedThrough(path) : undefined;
		if (!awaited) return false;
		this.newestTunnel = { awaited };
		this.tunnels.set(undiciRequest, this.newestTunnel);
		return true;
	}

	/** A request is in a queue if something happens before it was sent or a connection was begun for it. */
	private settleNewest(): void {
		const { newest } = this;
		this.newest = undefined;
		if (newest === undefined || !isWaiting(newest)) return;
		const exchange = exchangeOf(newest);
		const pool = this.pools.onlyPool(exchange);
		if (!pool || this.pools.isTaken(exchange.request, exchange)) return;
		const snapshot = this.pools.snapshot(pool, exchange);
		if (snapshot.free > 0 || snapshot.busy === 0) return;
		this.environment.tracker.requestQueued(newest, snapshot, pool);
		exchange.waitsIn = pool;
		pool.waiting += 1;
	}

	/** A client begins a connection: in a moment it calls the connector. */
	connecting({ connectParams, connector }: ConnectMessage): void {
		const { protocol, host, hostname, servername } = connectParams;
		const client = originOf(`${protocol}//${host}`);
		const { tracker, activeContext, tracesHost } = this.environment;
		const hosts = [hostname, servername];
		if (this.newestTunnel) {
			const { awaited } = this.newestTunnel;
			const { port } = client;
			const proxy = proxyOf(client, awaited);
			awaitConnect({ ...awaited, connector, hosts, port, proxy });
			this.newestTunnel = undefined;
			return;
		}
		const request = this.causeOf(connector, client);
		const origin = request ? exchangeOf(request).origin : client;
		if (!tracesHost(origin.host)) return;
		if (request !== this.newest) this.settleNewest();
		else this.newest = undefined;
		if (request) exchangeOf(request).connecting = true;
		this.endAboutToClose(origin);
		const guess = this.pools.guess(connector, origin);
		const { pool } = guess;
		const fresh = this.freshRequest(pool, origin, this.clients.get(connector));
		const decision = request
			? tracker.decide(request, fresh)
			: tracker.decideUnasked(origin, fresh);
		awaitConnect({
			connector,
			hosts,
			port: client.port,
			origin,
			proxy: request?.exchange.forForwarding ? client : undefined,
			context: request ? request.context : activeContext(),
			join: (connection) => {
				this.guesses.set(connection, guess);
				if (request) tracker.connectionCaused(connection, request, pool);
				else tracker.connectionUnasked(connection, pool, decision);
			},
		});
	}

	private freshRequest(
		pool: UndiciPool,
		origin: Origin,
		client: object | undefined,
	): FreshRequest {
		const snapshot = this.pools.snapshot(pool, origin);
		return {
			pool,
			snapshot,
			returning: snapshot.returning,
			agentKeepAlive: client === undefined || pipeliningOf(client) !== 0,
			tlsOfOneRequest: false,
			proxyTunnel: false,
			differingOptions: () => "",
		};
	}

	/**
	 * The request for which a client connects: at the head of its queue. Of a client that has not connected before the
	 * queue is not known; it connects in the turn in which it is given its first request, or in the next one.
	 */
	private causeOf(
		connector: object,
		origin: UndiciOrigin,
	): Request | undefined {
		const client = this.clients.get(connector);
		if (client && isConnecting(client)) {
			const head = headOfQueue(client);
			const request = head && this.requests.get(head);
			if (request && isWaiting(request)) return request;
		}
		const { newest } = this;
		if (newest && isWaiting(newest) && isFor(newest, origin)) return newest;
		for (const request of this.pending) {
			if (isWaiting(request) && isFor(request, origin)) return request;
		}
		return undefined;
	}

	private endAboutToClose(origin: UndiciOrigin): void {
		for (const socket of this.pools.aboutToClose(origin)) {
			connectionEnds(this.environment.tracker, socket);
		}
	}

	/** The connection is ready, and only now its client is known. */
	connected(
		{ connectParams, connector }: ConnectMessage,
		socket: Socket,
	): void {
		this.settleNewest();
		const client = clientOf(socket);
		const state = this.stateOfConnected(socket, takeAwaitedOf(connector));
		if (!client || !state) return;
		const { protocol, host } = connectParams;
		const { connection } = state;
		const origin = originOf(`${protocol}//${host}`);
		// The hop to a proxy, through which the connection goes on.
		if (connection.proxy?.tunnel && !isTo(connection, origin)) return;
		const guess = this.guesses.get(connection);
		state.undici = {
			client,
			streamBegun: () => this.streamBegun(client, socket),
		};
		connection.clientIdleLimit = "set";
		this.clients.set(connector, client);
		const pool = this.pools.confirm({
			connection,
			socket,
			client,
			connector,
			guess,
			origin: guess ? originOf(guess.pool.key) : origin,
		});
		const { tracker } = this.environment;
		if (connection.pool !== pool) {
			// It was thought to be one more of a pool that had none to spare.
			if (guess && !guess.alone) {
				const fresh = this.freshRequest(pool, connection.origin, client);
				tracker.decideAgain(connection, { ...fresh, begun: connection });
			}
			tracker.connectionPooled(connection, pool);
		}
		if (!hasQueued(client)) tracker.connectionIdle(connection);
	}

	/** What is known of a socket; one that a connector of the program made by other means is taken as it is. */
	private stateOfConnected(
		socket: Socket,
		awaited: AwaitedConnect | undefined,
	): SocketState | undefined {
		const { tracker } = this.environment;
		const known = stateOf(socket);
		if (known && awaited && !known.connection.cause) {
			tracker.connectionTo(known.connection, awaited.origin);
			awaited.join(known.connection);
		}
		if (known || !awaited || isPipe(socket)) return known;
		const connection = tracker.connectionAdopted(awaited.origin);
		awaited.join(connection);
		const state = { connection };
		watch(socket, state);
		return state;
	}

	connectFailed(connector: object): void {
		this.settleNewest();
		takeAwaitedOf(connector);
	}

	/** undici 6, and later versions for CONNECT, do not announce what they send as a stream of HTTP/2. */
	private streamBegun(client: object, socket: Socket): void {
		const head = headOfQueue(client);
		if (head && this.requests.get(head)?.assignedAt === undefined) {
			this.sent(head as UndiciRequest, socket);
		}
	}

	/** The head of the request is about to be written to the connection. */
	sent(undiciRequest: UndiciRequest, socket: Socket): void {
		const request = this.requests.get(undiciRequest);
		if (request !== this.newest) this.settleNewest();
		this.newest = undefined;
		const state = stateOf(socket) ?? this.found(request, socket);
		if (!request) {
			const tunnel = this.tunnels.get(undiciRequest);
			// Of a server that is not traced, or that is not known.
			if (!tunnel && state) state.connection.usedBefore = true;
			this.tunnelSent(tunnel, state?.connection);
			return;
		}
		const { tracker } = this.environment;
		if (!state) {
			this.leaveQueue(request);
			tracker.requestForgotten(request);
			return;
		}
		const { connection } = state;
		const exchange = this.leaveQueue(request);
		if (!hasWaited(request, exchange, connection)) delete request.wait;
		tracker.connectionServes(connection, request);
		tracker.requestAssigned(request, connection);
		tracker.requestStarted(request);
		exchange.socket = socket;
		if (connection.multiplexed) exchange.httpVersion = "2";
		if (state.undici) state.undici.exchange = exchange;
	}

	private found(
		request: Request | undefined,
		socket: Socket,
	): SocketState | undefined {
		if (!request || isPipe(socket)) return undefined;
		return foundBehind(this.environment.tracker, socket, request);
	}

	private tunnelSent(
		tunnel: Tunnel | undefined,
		connection: Connection | undefined,
	): void {
		this.newestTunnel = undefined;
		if (!tunnel || !connection || connection.requestCount > 0) return;
		tunnel.connection = connection;
		if (connection.proxy) return;
		// The client had a connection to the proxy that nobody had used.
		const { awaited } = tunnel;
		const proxy = proxyOf(connection.origin, awaited);
		this.environment.tracker.connectionProxied(
			connection,
			proxy,
			awaited.origin,
		);
		awaited.join(connection);
	}

	private leaveQueue(request: Request): UndiciExchange {
		this.pending.delete(request);
		const exchange = exchangeOf(request);
		if (exchange.waitsIn) exchange.waitsIn.waiting -= 1;
		return exchange;
	}

	bodySent(undiciRequest: UndiciRequest): void {
		const request = this.requests.get(undiciRequest);
		if (!request) return;
		request.handedOverAt = this.environment.now();
		const { socket } = exchangeOf(request);
		if (socket && hasWrittenAll(socket)) {
			request.writtenAt = request.handedOverAt;
		}
	}

	/** Interim responses come here as well. */
	responded(undiciRequest: UndiciRequest, response: UndiciResponse): void {
		const request = this.requests.get(undiciRequest);
		const tunnel = request ? undefined : this.tunnels.get(undiciRequest);
		if (tunnel?.connection) {
			const { tracker } = this.environment;
			tracker.setups.tunnelAnswered(tunnel.connection, response.statusCode);
		}
		if (!request || isInterim(response)) return;
		const exchange = exchangeOf(request);
		const { connection } = request;
		exchange.response = response;
		request.respondedAt = this.environment.now();
		if (exchange.socket) {
			responseBegins(this.environment.tracker, request, exchange.socket);
		}
		if (connection) connection.hints = new UndiciHints(response);
	}

	/** The response is over. The client takes the connection back in a moment, unless it closes it now. */
	ended(undiciRequest: UndiciRequest): void {
		this.settleNewest();
		const request = this.requests.get(undiciRequest);
		if (!request) return;
		const { tracker, freezeWatch } = this.environment;
		tracker.requestEnded(request);
		const { connection } = request;
		const { socket } = exchangeOf(request);
		if (!connection || !socket || !connection.open) return;
		if (leavesPool(undiciRequest)) {
			tracker.connectionUpgraded(connection);
		} else if (connection.openRequests === 0 && !closesAfterResponse(socket)) {
			tracker.connectionIdle(connection);
			freezeWatch.start();
			const state = stateOf(socket);
			if (state?.undici) state.undici.exchange = undefined;
		}
	}

	failed(undiciRequest: UndiciRequest, error: unknown): void {
		const request = this.requests.get(undiciRequest);
		if (request !== this.newest) this.settleNewest();
		if (!request) return;
		if (request.assignedAt === undefined) this.leaveQueue(request);
		this.environment.tracker.requestEnded(request, errorType(error));
	}
}

/** Neither sent, nor given up, nor given a connection of its own. */
function isWaiting(request: Request): boolean {
	const { assignedAt, endedAt } = request;
	return (
		assignedAt === undefined &&
		endedAt === undefined &&
		!exchangeOf(request).connecting
	);
}

/** A request that comes to a connection that was idle when it was created has waited for nobody. */
function hasWaited(
	{ createdAt }: Request,
	{ waitsIn }: UndiciExchange,
	{ pool, idleSince }: Connection,
): boolean {
	return waitsIn === pool && (idleSince === undefined || idleSince > createdAt);
}

function isFor(request: Request, origin: UndiciOrigin): boolean {
	const exchange = exchangeOf(request);
	// What goes to a proxy does not always say to which.
	return exchange.forForwarding || exchange.origin.text === origin.text;
}

function isTo({ origin }: Connection, { host, port }: Origin): boolean {
	return origin.host === host && origin.port === port;
}

function proxyOf({ host, port }: Origin, { origin }: AwaitedConnect): ProxyHop {
	return { host, port, tunnel: origin.secure ? "tls" : "plain" };
}

function exchangeOf({ exchange }: Request): UndiciExchange {
	if (exchange instanceof UndiciExchange) return exchange;
	throw new TypeError("a request of another client than undici");
}

function isInterim({ statusCode }: UndiciResponse): boolean {
	return statusCode < 200 && statusCode !== 101;
}

function leavesPool({ upgrade, method }: UndiciRequest): boolean {
	return upgrade !== null || method === "CONNECT";
}
