import type { Socket } from "node:net";
import type { Connection } from "../connections/connection";
import type { Request } from "../connections/request";
import type { ConnectionTracker } from "../connections/tracker";
import type { HookEnvironment } from "./environment";
import { hiddenField } from "./hidden-field";
import { httpExchange, isRequest } from "./http-exchange";
import { isPort } from "./port";
import {
	endpointsOf,
	type SocketState,
	stateOf,
	wasUsedBefore,
	watch,
} from "./sockets";

const requests = hiddenField<Request>();
const untracedAgents = new WeakSet<object>();

export function requestOf(req: unknown): Request | undefined {
	return requests.get(req);
}

/** Leaves everything that goes through this agent out of the trace. */
export function leaveUntraced(agent: object): void {
	untracedAgents.add(agent);
}

export function isUntraced(agent: unknown): boolean {
	return (
		typeof agent === "object" && agent !== null && untracedAgents.has(agent)
	);
}

/** Begins to follow a request, unless it is one that is not traced. */
export function follow(
	{ tracker, activeContext, tracesHost, freezeWatch }: HookEnvironment,
	req: any,
	options: { readonly host?: unknown; readonly port?: unknown } = {},
): Request | undefined {
	const known = requests.get(req);
	if (known) return known;
	if (!isRequest(req) || isUntraced(req.agent) || req.socketPath)
		return undefined;
	const exchange = httpExchange(req, options);
	// To a port that is none Node makes no connection: it throws, and the program gets no request.
	if (!isPort(exchange.port)) return undefined;
	if (!tracesHost(exchange.host, exchange.port)) return undefined;
	freezeWatch.check();
	const request = tracker.requestCreated(exchange, activeContext());
	requests.set(req, request);
	return request;
}

/** The connection behind a socket; one whose making nobody watched is taken as it is. */
export function connectionBehind(
	{ tracker }: HookEnvironment,
	socket: Socket,
	request: Request,
): Connection {
	const known = stateOf(socket) ?? foundBehind(tracker, socket, request);
	// What was upgraded and is used for HTTP again has become a tunnel to somebody else.
	const tunnel = known?.connection.ending?.reason === "upgraded";
	if (known && !tunnel) return known.connection;
	const { exchange } = request;
	const connection = known
		? tracker.connectionInside(known.connection, exchange)
		: tracker.connectionAdopted(exchange);
	watch(socket, { connection });
	return connection;
}

/** The socket of a connection that was there, and in use, before anything was watched. */
export function foundBehind(
	tracker: ConnectionTracker,
	socket: Socket,
	request: Request,
): SocketState | undefined {
	if (!wasUsedBefore(socket)) return undefined;
	const { exchange } = request;
	const state = {
		connection: tracker.connectionFound(exchange, endpointsOf(socket)),
	};
	watch(socket, state);
	return state;
}
