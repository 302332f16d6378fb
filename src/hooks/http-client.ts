import { Agent, ClientRequest, IncomingMessage } from "node:http";
import { Socket } from "node:net";
import type { ServerHints } from "../connections/connection";
import type { Request } from "../connections/request";
import { ABORTED } from "../connections/setup";
import { announcedIdleLimit } from "../keep-alive";
import { connectionEnds } from "./ending";
import { type HookEnvironment, observe, observer } from "./environment";
import { errorType } from "./errors";
import { headerOfRequest, isResponse, rawHeadersOf } from "./http-exchange";
import { connectionBehind, follow, requestOf } from "./http-requests";
import { replaceMethod } from "./patch";
import { proxyOf } from "./proxy";
import { hasWrittenAll, stateOf } from "./sockets";

/**
 * Watches requests of `node:http` from the moment they get their socket. `onSocket` is the one door through which a
 * socket reaches a request, whatever agent gave it. Events are seen where they are emitted: a listener for `response`
 * of our own would keep Node from discarding a response that nobody wants. Checked on Node 20, 22, 24, 26.
 */
export function hookHttpClient(environment: HookEnvironment): void {
	const assigned = observer(environment, (req: ClientRequest, socket: Socket) =>
		assign(environment, req, socket),
	);
	const happened = observer(
		environment,
		(req: ClientRequest, request: Request, args: readonly any[]) =>
			requestEvent(environment, req, request, args),
	);
	const ended = observer(environment, (res: any) => {
		const req = res?.req;
		const request = requestOf(req);
		if (request) responseEnded(environment, req, request);
	});

	replaceMethod(ClientRequest.prototype, "onSocket", (onSocket) => {
		return function (this: ClientRequest, socket: any, error: any) {
			if (socket && !error) {
				assigned(this, socket);
			}
			return onSocket.call(this, socket, error);
		};
	});

	replaceMethod(ClientRequest.prototype, "emit", (emit) => {
		return function (this: ClientRequest, ...args) {
			const request = requestOf(this);
			if (request) happened(this, request, args);
			return emit.apply(this, args);
		};
	});

	replaceMethod(IncomingMessage.prototype, "emit", (emit) => {
		return function (this: any, ...args) {
			if (args[0] === "end") ended(this);
			return emit.apply(this, args);
		};
	});

	replaceMethod(Agent.prototype, "removeSocket", (removeSocket) => {
		return function (this: Agent, ...args) {
			observe(environment, () => streamLeft(environment, args[0]));
			return removeSocket.apply(this, args);
		};
	});
}

/** A stream of the program in place of a socket has no hooks of its own: its request and its agent tell of its end. */
function streamLeft({ tracker }: HookEnvironment, stream: any): void {
	if (stream instanceof Socket || !stream?.destroyed) return;
	const state = stateOf(stream);
	if (!state) return;
	connectionEnds(tracker, stream);
	tracker.connectionClosed(state.connection);
}

function assign(environment: HookEnvironment, req: any, socket: Socket): void {
	const known = requestOf(req);
	// Without an agent, or with one that has its own way of taking requests, the request is seen here first.
	const request = known ?? follow(environment, req, addressOf(req));
	if (!request) return;
	request.seenLate = !known && req.agent !== undefined;
	const { tracker } = environment;
	const connection = connectionBehind(environment, socket, request);
	const proxy = proxyOf(connection, request, socket);
	// Agents before agent-base 7 are none of Node's, and give each request a connection of its own.
	const proxyTunnel =
		proxy?.tunnel !== undefined && !(req.agent instanceof Agent);
	if (
		connection.requestCount === 0 &&
		!connection.usedBefore &&
		!connection.cause &&
		!request.caused &&
		!request.decision
	) {
		tracker.decide(request, {
			agentKeepAlive: req.agent?.keepAlive === true || proxyTunnel,
			withoutPool: req.agent
				? undefined
				: "the request was given a connection of its own by createConnection",
			tlsOfOneRequest: false,
			proxyTunnel,
			begun: proxy ? undefined : connection,
			differingOptions: () => "",
		});
		if (proxy) tracker.connectionProxied(connection, proxy, request.exchange);
		tracker.connectionCaused(connection, request, undefined);
	}
	tracker.requestAssigned(request, connection);
}

function responseEnded(
	{ tracker }: HookEnvironment,
	req: any,
	request: Request,
): void {
	tracker.requestEnded(request);
	const { connection } = request;
	// Node is about to close the connection; the next request may come before it has done so.
	if (connection && !req.shouldKeepAlive && req.socket) {
		connectionEnds(tracker, req.socket);
	}
}

function requestEvent(
	environment: HookEnvironment,
	req: ClientRequest,
	request: Request,
	args: readonly any[],
): void {
	const { tracker, now } = environment;
	switch (args[0]) {
		case "socket":
			tracker.requestStarted(request);
			return;
		case "prefinish":
			request.handedOverAt = now();
			if (req.socket && hasWrittenAll(req.socket)) {
				request.writtenAt = request.handedOverAt;
			}
			return;
		case "finish":
			request.writtenAt ??= now();
			return;
		case "response":
			request.respondedAt = now();
			if (request.connection && isResponse(args[1])) {
				request.connection.hints = hints(args[1]);
			}
			return;
		case "upgrade":
		case "connect":
			request.respondedAt = now();
			tracker.requestEnded(request);
			return;
		case "error":
			tracker.requestFailed(request, errorType(args[1]));
			tunnelFailed(environment, request, args[1]);
			closedByServer(environment, req.socket);
			return;
		case "close":
			tracker.requestEnded(request, failureAtClose(req));
			if (request.connection?.observed === false) {
				streamLeft(environment, req.socket);
			}
			return;
	}
}

/** Node tells the request that its connection has ended before it closes that; the program may send the next one now. */
function closedByServer({ tracker }: HookEnvironment, socket: any): void {
	if (socket && stateOf(socket)?.peerEnded) connectionEnds(tracker, socket);
}

/** Node's own agents keep the connection to a proxy that refuses the tunnel, and use it no more (22.21, 24, 26). */
function tunnelFailed(
	{ tracker }: HookEnvironment,
	{ caused }: Request,
	error: any,
): void {
	if (error?.code !== "ERR_PROXY_TUNNEL" || !caused) return;
	tracker.tunnelRefused(caused, String(error.statusCode ?? error.code));
}

/** A request that closes before its response has ended failed, whether or not it said so by an error. */
function failureAtClose(req: any): string | undefined {
	const { res } = req;
	if (!res) return ABORTED;
	if (res.complete) return undefined;
	return res.errored ? errorType(res.errored) : ABORTED;
}

/** Reads the raw headers, since Node makes the others of them only for a program that asks. */
function hints(res: IncomingMessage): ServerHints {
	const { statusCode, httpVersion } = res;
	const rawHeaders = rawHeadersOf(res);
	let connection: string | undefined;
	let idleLimit: number | undefined;
	for (let index = 0; index < rawHeaders.length; index += 2) {
		const name = rawHeaders[index] as string;
		if (name.length !== HINT_LENGTH) continue;
		const value = rawHeaders[index + 1] as string;
		const lowerCase = name.toLowerCase();
		if (lowerCase === "connection") connection = value.toLowerCase();
		else if (lowerCase === "keep-alive") idleLimit = announcedIdleLimit(value);
	}
	return { statusCode: statusCode ?? 0, httpVersion, connection, idleLimit };
}

/** Of both headers that tell about the connection. */
const HINT_LENGTH = "keep-alive".length;

/** Host and port of a request as its `Host` header names them. */
function addressOf(req: ClientRequest): { host: string; port?: string } {
	const header = String(headerOfRequest(req, "host") ?? req.host);
	const match = /^(.*?)(?::(\d+))?$/.exec(header);
	const host = match?.[1] || req.host;
	return match?.[2] === undefined ? { host } : { host, port: match[2] };
}
