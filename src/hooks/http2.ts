import type { ClientHttp2Session, ClientHttp2Stream } from "node:http2";
import { Socket } from "node:net";
import type { Connection } from "../connections/connection";
import type { Request } from "../connections/request";
import { ABORTED } from "../connections/setup";
import { Streams } from "../connections/streams";
import { endingFacts } from "./ending";
import { type HookEnvironment, observe } from "./environment";
import { errorType } from "./errors";
import { hiddenField } from "./hidden-field";
import { Http2Exchange } from "./http2-exchange";
import {
	DEFAULT_MAX_STREAMS,
	errorCodeName,
	maxStreams,
	type SessionState,
} from "./http2-session";
import { replaceMethod } from "./patch";
import { currentScope, UNTRACED } from "./scope";
import { stateOf, watch } from "./sockets";

const sessions = hiddenField<SessionState>();
const requests = hiddenField<Request>();

/** Sessions have no pool in Node: the program keeps them, and all to one host are taken together. */
const SESSIONS = { agentId: 0, key: "h2" };

/** `NGHTTP2_STREAM_STATE_IDLE` */
const STREAM_IDLE = 1;

/**
 * Watches client sessions of `node:http2` and their streams. The classes are not exported, and to load the module
 * would cost every program that does not use it some milliseconds. But every session asks its socket, while it is
 * made, not to delay what it writes: there the first one is met, and the prototypes with it. Events are seen where
 * they are emitted, not by listeners, which Node counts to know what to ask of the protocol. Methods of its classes have no
 * `prototype`, and so those in their place are written as methods too.
 * Checked on Node 20, 22, 24, 26.
 */
export function hookHttp2(environment: HookEnvironment): void {
	let hooked = false;
	replaceMethod(Socket.prototype, "setNoDelay", (setNoDelay) => {
		return function (this: Socket, ...args) {
			observe(environment, () => {
				const session = sessionInTheMaking(this);
				if (!session) return;
				const first = !hooked;
				hooked = true;
				if (first) hookSessions(environment, Object.getPrototypeOf(session));
				begin(environment, session, this);
			});
			return setNoDelay.apply(this, args);
		};
	});
}

/**
 * The client session that has just bound itself to the socket, or to the stream below Node's stand-in for one. It is
 * the value of a property that Node means to name by a symbol of its own, and names `undefined`.
 */
function sessionInTheMaking(socket: object): ClientHttp2Session | undefined {
	const session =
		ownValue(socket, "undefined") ??
		ownValue(ownValue(socket, "stream"), "undefined");
	return session && className(session) === "ClientHttp2Session"
		? session
		: undefined;
}

/** Runs no getter. */
function ownValue(owner: any, key: string): any {
	if (typeof owner !== "object" || owner === null) return undefined;
	return Object.getOwnPropertyDescriptor(owner, key)?.value;
}

function className(owner: unknown): unknown {
	if (typeof owner !== "object" || owner === null) return undefined;
	return ownValue(Object.getPrototypeOf(owner), "constructor")?.name;
}

function hookSessions(environment: HookEnvironment, prototype: object): void {
	let hooked = false;
	replaceMethod(prototype, "request", (request) => {
		return {
			request(this: ClientHttp2Session, ...args: any[]) {
				const state = observe(environment, () => stateOfUsable(this));
				const stream = request.apply(this, args);
				if (state) {
					observe(environment, () => {
						const first = !hooked;
						hooked = true;
						if (first) hookStreams(environment, Object.getPrototypeOf(stream));
						follow(environment, this, state, stream);
					});
				}
				return stream;
			},
		}.request;
	});

	replaceMethod(prototype, "emit", (emit) => {
		return function (this: ClientHttp2Session, ...args) {
			const state = sessions.get(this);
			if (!state) return emit.apply(this, args);
			observe(environment, () => sessionEvent(environment, this, state, args));
			try {
				return emit.apply(this, args);
			} finally {
				if (args[0] === "timeout") state.timeout = undefined;
			}
		};
	});

	replaceMethod(prototype, "settings", (settings) => {
		return {
			settings(this: ClientHttp2Session, ...args: any[]) {
				const result = settings.apply(this, args);
				observe(environment, () => {
					const connection = sessions.get(this)?.connection;
					const limit = args[0]?.maxConcurrentStreams;
					if (connection && limit !== undefined) {
						connection.clientMaxStreams = limit;
					}
				});
				return result;
			},
		}.settings;
	});

	replaceMethod(prototype, "close", (close) => {
		return {
			close(this: ClientHttp2Session, ...args: any[]) {
				observe(environment, () => {
					const state = stateOfUsable(this);
					if (state) ended(environment, state, { byProgram: true });
				});
				return close.apply(this, args);
			},
		}.close;
	});

	replaceMethod(prototype, "destroy", (destroy) => {
		return {
			destroy(this: ClientHttp2Session, ...args: any[]) {
				observe(environment, () => {
					const state = stateOfUsable(this);
					const [error] = args;
					if (state) {
						ended(environment, state, { byProgram: !isOfNode(error), error });
					}
				});
				return destroy.apply(this, args);
			},
		}.destroy;
	});
}

function stateOfUsable(session: ClientHttp2Session): SessionState | undefined {
	const state = sessions.get(session);
	return state && !session.closed && !session.destroyed ? state : undefined;
}

/** The errors that the module itself destroys a session with. */
function isOfNode(error: unknown): boolean {
	return error instanceof Error && errorType(error).startsWith("ERR_HTTP2_");
}

function begin(
	environment: HookEnvironment,
	session: ClientHttp2Session,
	socket: Socket,
): void {
	if (currentScope() === UNTRACED || socket.destroyed || isLocal(socket))
		return;
	const state: SessionState = { socket };
	sessions.set(session, state);
	const connection = stateOf(socket)?.connection;
	if (connection?.open) carry(environment, state, connection);
}

/** A Unix socket or a named pipe. */
function isLocal(socket: any): boolean {
	return socket._handle?.constructor.name === "Pipe";
}

/** The connection is to carry the streams of the session. */
function carry(
	{ tracker, now }: HookEnvironment,
	state: SessionState,
	connection: Connection,
): void {
	state.connection = connection;
	state.streams = new Streams(tracker, connection, now);
	connection.maxStreams = DEFAULT_MAX_STREAMS;
	const socketState = stateOf(state.socket);
	if (socketState) socketState.session = state;
	// Made by a client of undici, which has decided.
	if (connection.pool) return;
	connection.pool = SESSIONS;
	tracker.sessionBegun(connection, {
		pool: SESSIONS,
		agentKeepAlive: true,
		tlsOfOneRequest: false,
		proxyTunnel: false,
		differingOptions: () => "",
	});
}

function follow(
	environment: HookEnvironment,
	session: ClientHttp2Session,
	state: SessionState,
	stream: ClientHttp2Stream,
): void {
	const { tracker, activeContext, tracesHost, freezeWatch } = environment;
	const undici = stateOf(state.socket)?.undici;
	if (undici) {
		undici.streamBegun();
		return;
	}
	const exchange = new Http2Exchange(stream, state);
	if (!tracesHost(exchange.host)) return;
	if (!state.connection) adopt(environment, session, state, exchange);
	const { connection, streams } = state;
	if (!connection || !streams) return;
	freezeWatch.check();
	const request = tracker.requestCreated(exchange, activeContext());
	requests.set(stream, request);
	state.lastRequest = request;
	if (!connection.cause && connection.setup.end === undefined) {
		tracker.connectionCaused(connection, request, connection.pool);
	}
	if (!session.connecting) connection.maxStreams = maxStreams(session);
	streams.begin(request);
}

/** A session over a stream of the program, whose making nobody watched. */
function adopt(
	environment: HookEnvironment,
	session: ClientHttp2Session,
	state: SessionState,
	exchange: Http2Exchange,
): void {
	const connection = environment.tracker.connectionAdopted(exchange);
	watch(state.socket, { connection });
	carry(environment, state, connection);
	if (!session.connecting) state.streams?.connect();
}

function sessionEvent(
	environment: HookEnvironment,
	session: ClientHttp2Session,
	state: SessionState,
	args: readonly any[],
): void {
	const { connection, streams } = state;
	if (!connection || !streams) return;
	const { tracker, freezeWatch } = environment;
	switch (args[0]) {
		case "connect":
			if (session.destroyed) return;
			connection.maxStreams = maxStreams(session);
			streams.connect();
			freezeWatch.start();
			if (!connection.busy && connection.open)
				tracker.connectionIdle(connection);
			return;
		// The server has taken our settings, and has sent its own before. Without listeners those are not announced.
		case "localSettings":
		case "remoteSettings":
			connection.maxStreams = maxStreams(session);
			streams.proceed();
			return;
		case "goaway":
			state.goaway ??= { code: errorCodeName(args[1]), lastStream: args[2] };
			ended(environment, state, { byProgram: false });
			return;
		case "timeout":
			state.timeout = (session as any).timeout;
			return;
		case "frameError":
			state.frameError = errorCodeName(args[2]);
			return;
	}
}

/** The session takes no more requests. */
function ended(
	{ tracker }: HookEnvironment,
	state: SessionState,
	how: { readonly byProgram: boolean; readonly error?: unknown },
): void {
	const { connection, socket } = state;
	const socketState = stateOf(socket);
	if (!connection?.open || !socketState) return;
	// undici says itself why it closes.
	if (socketState.undici && !state.goaway) return;
	state.closedByProgram = how.byProgram;
	tracker.connectionDestroyed(
		connection,
		endingFacts(socket, socketState, how.error),
	);
}

function hookStreams(environment: HookEnvironment, prototype: object): void {
	replaceMethod(prototype, "emit", (emit) => {
		return function (this: ClientHttp2Stream, ...args) {
			const handle = STREAM_EVENTS.get(args[0]);
			const request = handle && requests.get(this);
			if (request) {
				observe(environment, () => handle(environment, this, request, args));
			}
			return emit.apply(this, args);
		};
	});

	replaceMethod(prototype, "end", (end) => {
		return function (this: ClientHttp2Stream, ...args) {
			const request = requests.get(this);
			if (request) {
				observe(environment, () => bodyEnds(environment, request, args[0]));
			}
			return end.apply(this, args);
		};
	});

	replaceMethod(prototype, "_destroy", (destroy) => {
		return {
			_destroy(this: ClientHttp2Stream, ...args: any[]) {
				observe(environment, () => {
					const request = requests.get(this);
					if (!request) return;
					const { streams } = exchangeOf(request).session;
					// What Node has closed by itself had been sent.
					if (this.closed || wasSent(this)) streams?.sent(request);
					else streams?.giveUp(request);
				});
				return destroy.apply(this, args);
			},
		}._destroy;
	});

	replaceMethod(prototype, "close", (close) => {
		return {
			close(this: any, ...args: any[]) {
				observe(environment, () => {
					const request = requests.get(this);
					if (!request || this.closed) return;
					// The end that the program will read is then its own.
					if (!this._readableState.ended) {
						exchangeOf(request).closedByProgram = true;
					}
					const { streams } = exchangeOf(request).session;
					if (wasSent(this)) streams?.sent(request);
					else streams?.close(request);
				});
				return close.apply(this, args);
			},
		}.close;
	});
}

/** The library that speaks the protocol knows an open stream once its head was sent. */
function wasSent(stream: ClientHttp2Stream): boolean {
	return stream.id !== undefined && stream.state.state !== STREAM_IDLE;
}

function bodyEnds(
	{ tracker }: HookEnvironment,
	request: Request,
	chunk: unknown,
): void {
	if (typeof chunk !== "string" && !(chunk instanceof Uint8Array)) return;
	const exchange = exchangeOf(request);
	exchange.lastChunk = chunk;
	tracker.requestBodyKnown(request);
	exchange.lastChunk = undefined;
}

type StreamEvent = (
	environment: HookEnvironment,
	stream: ClientHttp2Stream,
	request: Request,
	args: readonly any[],
) => void;

/** What the events of a stream mean; it has many more, and each is looked up. */
const STREAM_EVENTS: ReadonlyMap<unknown, StreamEvent> = new Map<
	unknown,
	StreamEvent
>([
	[
		"finish",
		({ now }, _, request) => {
			request.writtenAt = now();
		},
	],
	["headers", answerBegins],
	["continue", answerBegins],
	["response", responds],
	[
		"end",
		({ tracker }, _, request) => {
			if (exchangeOf(request).isComplete) tracker.requestEnded(request);
		},
	],
	[
		"frameError",
		(_, __, request, args) => {
			exchangeOf(request).session.frameError = errorCodeName(args[2]);
		},
	],
	[
		"error",
		(_, __, request, args) => {
			request.error ??= streamError(args[1]);
		},
	],
	[
		"close",
		({ tracker }, stream, request) => {
			tracker.requestEnded(request, failureAtClose(stream, request));
			const { session } = exchangeOf(request);
			session.streams?.end(request);
			if (session.lastRequest === request) session.lastRequest = undefined;
		},
	],
]);

function answerBegins(
	{ tracker }: HookEnvironment,
	_: ClientHttp2Stream,
	request: Request,
): void {
	if (request.firstByteAt === undefined) tracker.responseBegun(request, false);
}

function responds(
	environment: HookEnvironment,
	stream: ClientHttp2Stream,
	request: Request,
	[, headers]: readonly any[],
): void {
	const exchange = exchangeOf(request);
	exchange.responseHeaders = headers ?? {};
	exchange.statusCode = headers?.[":status"];
	request.respondedAt = environment.now();
	exchange.session.streams?.sent(request);
	answerBegins(environment, stream, request);
	if (exchange.method === "CONNECT") environment.tracker.requestEnded(request);
}

function exchangeOf({ exchange }: Request): Http2Exchange {
	return exchange as Http2Exchange;
}

/** The more telling code: why the stream was reset, or why its session did not come about. */
function streamError(error: unknown): string {
	const code = errorType(error);
	const { message, cause } = Object(error);
	if (code === "ERR_HTTP2_STREAM_ERROR") {
		return /NGHTTP2_\w+/.exec(message)?.[0] ?? code;
	}
	if (code === "ERR_HTTP2_STREAM_CANCEL" && cause instanceof Error) {
		return errorType(cause);
	}
	return code;
}

/** Node gives a stream that either side has cancelled no error. */
function failureAtClose(
	stream: ClientHttp2Stream,
	{ connection }: Request,
): string {
	const cancelled = errorCodeName(stream.rstCode) === "CANCEL";
	return cancelled && connection?.open ? "NGHTTP2_CANCEL" : ABORTED;
}
