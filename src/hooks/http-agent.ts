import { Agent, type ClientRequest } from "node:http";
import { Agent as SecureAgent } from "node:https";
import { checkServerIdentity } from "node:tls";
import type { PoolIdentity } from "../connections/connection";
import type { PoolSnapshot } from "../connections/pool";
import type { Request } from "../connections/request";
import type { ConnectionTracker } from "../connections/tracker";
import { agentIdOf } from "./agent-ids";
import { type HookEnvironment, observe, observer } from "./environment";
import { OTHER } from "./errors";
import { connectionBehind, follow, isUntraced } from "./http-requests";
import { replaceMethod } from "./patch";
import { differingOptions } from "./pool-key";
import { proxyOf } from "./proxy";
import { runInScope, UNTRACED } from "./scope";
import { type Keeper, stateOf } from "./sockets";

/**
 * Watches the decisions of `http.Agent`, which `https.Agent` and most agents of others inherit: who gets a pooled
 * connection, who waits, for whom a connection is made, which connection is kept. Checked on Node 20, 22, 24, 26.
 */
export function hookHttpAgent(environment: HookEnvironment): void {
	const created = observer(environment, (req: any, options: any) =>
		follow(environment, req, options),
	);

	replaceMethod(Agent.prototype, "addRequest", (addRequest) => {
		return function (this: any, req: any, ...rest: any[]) {
			const [options] = rest;
			if (isUntraced(this)) {
				return runInScope(UNTRACED, () => addRequest.call(this, req, ...rest));
			}
			const request = created(req, options);
			if (request && options?.agent === false) {
				requestsWithoutPool.add(request);
			}
			const result = addRequest.call(this, req, ...rest);
			if (request && !req.reusedSocket && !request.decision) {
				observe(environment, () =>
					notServed(environment, this, req, options, request),
				);
			}
			return result;
		};
	});

	replaceMethod(Agent.prototype, "createSocket", (createSocket) => {
		return function (this: any, req: any, options: any, callback: any) {
			if (isUntraced(this)) {
				return runInScope(UNTRACED, () =>
					createSocket.call(this, req, options, callback),
				);
			}
			const made = observe(environment, () =>
				decide(environment, this, req, options),
			);
			if (!made) return createSocket.call(this, req, options, callback);
			const { request, keeper, pool } = made;
			let refused = true;
			try {
				const result = runInScope({ request, pool }, () =>
					createSocket.call(this, req, options, (...results: any[]) => {
						const [error, socket] = results;
						observe(environment, () => {
							if (!error) bind(environment, socket, request, keeper, pool);
						});
						return callback(...results);
					}),
				);
				refused = false;
				return result;
			} finally {
				// Options that Node does not take: the program gets no request that could end.
				if (refused) {
					observe(environment, () =>
						environment.tracker.requestEnded(
							request,
							request.caused?.setup.error ?? OTHER,
						),
					);
				}
			}
		};
	});

	for (const prototype of new Set([Agent.prototype, SecureAgent.prototype])) {
		if (!Object.hasOwn(prototype, "keepSocketAlive")) continue;
		replaceMethod(prototype, "keepSocketAlive", (keepSocketAlive) => {
			return function (this: any, socket: any) {
				const kept = keepSocketAlive.call(this, socket);
				const state = stateOf(socket);
				if (state) state.kept = Boolean(kept);
				return kept;
			};
		});
	}

	replaceMethod(Agent.prototype, "destroy", (destroy) => {
		return function (this: any, ...args) {
			const outer = agentInDestroy;
			agentInDestroy = this;
			try {
				return destroy.apply(this, args);
			} finally {
				agentInDestroy = outer;
			}
		};
	});
}

let agentInDestroy: object | undefined;

/** The agent whose `destroy()` is running. */
export function agentBeingDestroyed(): object | undefined {
	return agentInDestroy;
}

const requestsWithoutPool = new WeakSet<Request>();

/** What an agent found when it looked for a free connection, where it connects only in a later turn. */
interface Search extends Pick<PoolSnapshot, "free" | "busy"> {
	/**
	 * Where it looked. An agent may ask the stack whether a request is one of https (agent-base 7, where the options do not
	 * say), and takes another key in a later turn.
	 */
	readonly key: string | symbol;
}

const searches = new WeakMap<Request, Search>();

/**
 * A request that found no free connection, and for which none is made now: it waits in the agent's queue, or the agent
 * connects in a later turn.
 */
function notServed(
	{ tracker }: HookEnvironment,
	agent: any,
	req: ClientRequest,
	options: any,
	request: Request,
): void {
	const likely = keyOf(agent, options);
	const queue = queueOf(agent, req, likely);
	const key = queue ?? likely;
	const pool = poolOf(agent, key);
	const before = snapshot(tracker, agent, key, pool);
	if (queue === undefined) {
		const busy = before.busy - standInsAtEnd(agent, key);
		searches.set(request, { key, free: before.free, busy });
		return;
	}
	tracker.requestQueued(
		request,
		{ ...before, queued: before.queued - 1 },
		pool,
	);
}

/** agent-base 7 lists a socket of no use in place of the one that it is going to make for the request. */
function standInsAtEnd(agent: any, key: string | symbol): number {
	const last = agent.sockets?.[key]?.at(-1);
	return last && !stateOf(last) ? 1 : 0;
}

/** Under which key the request waits; looked for under the likeliest first, for an agent may have many. */
function queueOf(
	agent: any,
	req: ClientRequest,
	likely: string | symbol,
): string | symbol | undefined {
	const queues = agent.requests ?? {};
	const isLast = (key: string | symbol): boolean => queues[key]?.at(-1) === req;
	return isLast(likely) ? likely : Object.keys(queues).find(isLast);
}

function decide(
	environment: HookEnvironment,
	agent: any,
	req: ClientRequest,
	options: any,
): { request: Request; keeper: Keeper; pool: PoolIdentity } | undefined {
	const request = follow(environment, req, options);
	if (!request) return undefined;
	const key = keyOf(agent, options);
	const keyOfOneRequest = hasOwnIdentityCheck(agent, options, key);
	const pool = poolOf(agent, key);
	const search = searches.get(request);
	const askedKey = search?.key ?? key;
	const asked = poolOf(agent, askedKey);
	environment.tracker.decide(request, {
		pool: asked,
		snapshot: asFound(
			search,
			snapshot(environment.tracker, agent, askedKey, asked),
		),
		agentKeepAlive: agent.keepAlive === true,
		withoutPool: withoutPool(agent, request),
		tlsOfOneRequest: keyOfOneRequest,
		proxyTunnel: false,
		differingOptions,
	});
	return { request, pool, keeper: { agent, key, keyOfOneRequest } };
}

/** The pool as it was for the request: since it was looked into, connections may have been given back, or begun. */
function asFound(search: Search | undefined, now: PoolSnapshot): PoolSnapshot {
	return search
		? {
				...now,
				free: Math.min(now.free, search.free),
				busy: Math.max(now.busy, search.busy),
			}
		: now;
}

function bind(
	environment: HookEnvironment,
	socket: any,
	request: Request,
	keeper: Keeper,
	pool: PoolIdentity,
): void {
	const connection = connectionBehind(environment, socket, request);
	const proxy = proxyOf(connection, request, socket);
	if (proxy) {
		environment.tracker.connectionProxied(connection, proxy, request.exchange);
	}
	if (!connection.cause && connection.requestCount === 0) {
		environment.tracker.connectionCaused(connection, request, pool);
	}
	const state = stateOf(socket);
	if (state) state.keeper = keeper;
	if (keeper.agent.keepAlive) {
		connection.clientIdleLimit = keeper.agent.options?.timeout ? "set" : "none";
	}
}

function snapshot(
	tracker: ConnectionTracker,
	agent: any,
	key: string | symbol,
	pool: PoolIdentity,
): PoolSnapshot {
	const max = Number(agent.maxSockets);
	return tracker.withoutClosing(pool, {
		free: agent.freeSockets?.[key]?.length ?? 0,
		busy: agent.sockets?.[key]?.length ?? 0,
		queued: agent.requests?.[key]?.length ?? 0,
		max: Number.isFinite(max) ? max : undefined,
	});
}

function withoutPool(agent: any, request: Request): string | undefined {
	if (requestsWithoutPool.has(request)) {
		return "the request was made with agent: false";
	}
	const expects = request.exchange.requestHeader("expect")?.toLowerCase();
	if (expects === "100-continue" && !agent.keepAlive) {
		return "the request with Expect: 100-continue was given an agent of its own";
	}
	return undefined;
}

/**
 * From Node 22.23 a request that brings its own `checkServerIdentity` gets a key that ends in a counter, so that two
 * such requests never share a connection. `getName` shows it: the key goes on after the last option.
 */
function hasOwnIdentityCheck(
	agent: any,
	options: any,
	key: string | symbol,
): boolean {
	const check = options.checkServerIdentity;
	return (
		typeof check === "function" &&
		check !== checkServerIdentity &&
		agent.options?.checkServerIdentity === undefined &&
		typeof key === "string" &&
		/:\d+$/.test(key) &&
		key !== agent.getName({ ...stringKeyed(options), ...agent.options })
	);
}

/** A copy without Node's private symbols. */
function stringKeyed(options: any): any {
	return Object.fromEntries(Object.entries(options));
}

/**
 * The agent's own options override the request's. Node has merged them before it asks for a socket, and to do so again
 * costs more than all else here. An agent of the program may give its pools any names; but for symbols they are text
 * where the lists are made. Checked on Node 20, 22, 24, 26.
 */
function keyOf(agent: any, options: any): string | symbol {
	const merged = hasAll(options, agent.options);
	const name: unknown = agent.getName(
		merged ? options : { ...options, ...agent.options },
	);
	return typeof name === "symbol" ? name : String(name);
}

function hasAll(options: any, others: any): boolean {
	for (const name in others) {
		if (options[name] !== others[name]) return false;
	}
	return true;
}

function poolOf(agent: object, key: string | symbol): PoolIdentity {
	return { agentId: agentIdOf(agent), key: String(key) };
}
