import { Socket } from "node:net";
import type { Connection } from "../connections/connection";
import type {
	EndingFacts,
	LastRequestFacts,
	ReleaseFacts,
} from "../connections/ending";
import type { Request } from "../connections/request";
import type { ConnectionTracker } from "../connections/tracker";
import { destroySite } from "./destroy-site";
import { errorType } from "./errors";
import { agentBeingDestroyed } from "./http-agent";
import { isHttpExchange } from "./http-exchange";
import { lastStreamFacts, sessionFacts } from "./http2-session";
import { isReset, type SocketState, stateOf } from "./sockets";
import { undiciEndingFacts } from "./undici-ending";

/** Gathers what can be seen at the moment when a socket is destroyed. */
export function endingFacts(
	socket: Socket,
	state: SocketState,
	error: unknown,
): EndingFacts {
	const { connection, keeper, session } = state;
	const activity = activityOf(state);
	const peer: PeerFacts =
		state.idleTimeout === undefined && state.undici === undefined
			? peerFacts(socket, state, error, activity)
			: {};
	// One shape for all: what is made by spreading has one of its own each time, and every look at it is slow.
	return {
		activity,
		error: error ? errorType(error) : undefined,
		agentDestroyed:
			keeper !== undefined && keeper.agent === agentBeingDestroyed(),
		idleTimeout: state.idleTimeout,
		ageLimit: keeper?.agent.options?.socketActiveTTL,
		serverIdleLimit: connection.hints?.idleLimit,
		agentKeepAlive: keeper?.agent.keepAlive,
		request: connection.holder
			? requestFacts(connection.holder)
			: session && lastStreamFacts(session, state.peerEnded !== undefined),
		session: session && sessionFacts(session, connection),
		undici:
			state.undici &&
			undiciEndingFacts(socket, state.undici, error, connection),
		release: activity === "released" ? releaseFacts(state) : undefined,
		answeredByAgent: isStandIn(socket, connection)
			? connection.hints?.statusCode
			: undefined,
		peer: peer.peer,
		site: peer.site,
	};
}

/** A socket that was never connected, on which an agent plays what a proxy answered (https-proxy-agent 7). */
function isStandIn(socket: Socket, { observed }: Connection): boolean {
	return !observed && socket instanceof Socket && socket.bytesRead === 0;
}

/** Tells of a connection that is about to be closed, before the next request comes. */
export function connectionEnds(
	tracker: ConnectionTracker,
	socket: Socket,
): void {
	const state = stateOf(socket);
	if (!state) return;
	tracker.connectionDestroyed(
		state.connection,
		endingFacts(socket, state, undefined),
	);
}

function activityOf({
	connection,
	released,
}: SocketState): EndingFacts["activity"] {
	if (connection.readyAt === undefined) return "connecting";
	if (released) return "released";
	return connection.idleSince === undefined ? "busy" : "idle";
}

function requestFacts(request: Request): LastRequestFacts | undefined {
	const { exchange } = request;
	if (!isHttpExchange(exchange)) return undefined;
	const { req, res } = exchange;
	return {
		method: exchange.method,
		destroyed: req.destroyed === true && request.endedAt === undefined,
		responseDestroyed: res?.destroyed === true && request.endedAt === undefined,
		switched: (res as any)?.upgrade === true && request.endedAt === undefined,
		arrived: res?.complete === true,
		// The end of the connection ends a response without a length before its reader hears of it.
		complete:
			res?.complete === true &&
			(request.endedAt !== undefined || !(req as any).shouldKeepAlive),
		answered: res !== undefined,
		reused: request.reused === true,
		timedOut: request.timedOut,
		error: request.error,
		requestConnection: exchange.requestHeader("connection")?.toLowerCase(),
		responseConnection: exchange.responseHeader("connection")?.toLowerCase(),
		httpVersion: exchange.httpVersion,
	};
}

/** The agent's counts, read as its own `free` listener reads them. */
function releaseFacts({
	keeper,
	kept,
	connection,
}: SocketState): ReleaseFacts | undefined {
	if (!keeper) return undefined;
	const { agent, key } = keeper;
	const free = agent.freeSockets?.[key]?.length ?? 0;
	return {
		kept,
		idleLimit: connection.hints?.idleLimit,
		keyOfOneRequest: keeper.keyOfOneRequest,
		free,
		maxFree: agent.maxFreeSockets,
		count: free + (agent.sockets?.[key]?.length ?? 0),
		max: agent.maxSockets,
		total: agent.totalSocketCount,
		maxTotal: agent.maxTotalSockets,
	};
}

type PeerFacts = Pick<EndingFacts, "peer" | "site">;

/** More than the response of the request came on the connection, upon which Node closes it. */
function sentMore(
	{ connection: { holder } }: SocketState,
	error: unknown,
): PeerFacts["peer"] {
	if (error || !holder || !isHttpExchange(holder.exchange)) return undefined;
	const { req, res } = holder.exchange;
	if (!res?.complete || !(req as any).shouldKeepAlive) return undefined;
	return destroySite().fromPeer ? "sent data" : undefined;
}

/** What the peer did on the connection; of an idle one it takes a closer look. */
function peerFacts(
	socket: Socket,
	state: SocketState,
	error: unknown,
	activity: EndingFacts["activity"],
): PeerFacts {
	if (activity === "busy") {
		return { peer: state.peerEnded ?? sentMore(state, error) };
	}
	if (activity !== "idle") return { peer: state.peerEnded };
	if (error) {
		return errorType(error) === "ECONNRESET" ? { peer: "reset" } : {};
	}
	if (state.peerEnded) return { peer: state.peerEnded };
	const { site, fromPeer } = destroySite();
	if (!fromPeer) return { site };
	if (!state.session && socket.bytesRead > (state.bytesReadWhenIdle ?? 0)) {
		return { peer: "sent data" };
	}
	if (isReset(socket)) return { peer: "reset" };
	return { peer: process.platform === "linux" ? "ended" : "ended or reset" };
}
