import { endedUnanswered, endedWithRequest, type Lateness } from "./cut-short";
import type { Reason } from "./reason";
import { explainUndiciEnding, type UndiciEndingFacts } from "./undici-ending";
import { count, ms } from "./wording";

/** How a connection ended, as a reason for the connection that had to replace it. */
export interface Ending {
	readonly at: number;
	readonly reason: Reason;
	/** The evidence, in words. */
	detail: string;
}

/** What the request on a connection, or the last one, tells about the connection's end. */
export interface LastRequestFacts {
	readonly method?: string | undefined;
	/** The program destroyed the request. */
	readonly destroyed: boolean;
	/** The program destroyed the response before its end. */
	readonly responseDestroyed: boolean;
	/** The server switched protocols, and nobody listened for it. */
	readonly switched: boolean;
	/** The whole response arrived; the program may not have read it to its end. */
	readonly arrived: boolean;
	/** The response arrived and was read to its end. */
	readonly complete: boolean;
	readonly answered: boolean;
	readonly reused: boolean;
	readonly timedOut: boolean;
	readonly error?: string | undefined;
	/** `Connection` headers, lower case. */
	readonly requestConnection?: string | undefined;
	readonly responseConnection?: string | undefined;
	readonly httpVersion?: string | undefined;
}

/** Why an agent does not keep a connection that a request has given back. */
export interface ReleaseFacts {
	/** Result of the agent's `keepSocketAlive`, if it was asked. */
	readonly kept?: boolean | undefined;
	/** The server's `Keep-Alive: timeout`, in milliseconds. */
	readonly idleLimit?: number | undefined;
	/** The pool key is this request's alone. */
	readonly keyOfOneRequest: boolean;
	readonly free: number;
	readonly maxFree: number;
	readonly count: number;
	readonly max: number;
	readonly total: number;
	readonly maxTotal: number;
}

/** What was seen of the session when a connection for HTTP/2 ended. */
export interface SessionFacts {
	/** The server announced the end by GOAWAY. */
	readonly goaway?:
		| {
				/** `NO_ERROR`, `ENHANCE_YOUR_CALM`, ... */
				readonly code: string;
				/** Id of the last stream that the server deals with. */
				readonly lastStream: number;
		  }
		| undefined;
	/** The program closed or destroyed it. */
	readonly closedByProgram: boolean;
	/** Error code of a frame that could not be sent, upon which Node closes the session. */
	readonly frameError?: string | undefined;
	/** The program closed it when the inactivity limit of the session, in milliseconds, ran out. */
	readonly timeout?: number | undefined;
	/** Its client wants one stream at once and closes it while that is answered. */
	readonly forOneRequest: boolean;
	/** Requests that it carried. */
	readonly requests: number;
	/** Streams that were open. */
	readonly streams: number;
}

/** Everything seen when a connection was destroyed. */
export interface EndingFacts extends Lateness {
	readonly activity: "connecting" | "busy" | "released" | "idle";
	/** Error the connection was destroyed with. */
	readonly error?: string | undefined;
	/** It happened inside the agent's `destroy()`. */
	readonly agentDestroyed: boolean;
	/** For how many milliseconds it had been idle. Nobody who watches from outside knows: it is added inside. */
	idle?: number | undefined;
	/** For how many milliseconds it had been there, its making included. Added inside as well. */
	age?: number | undefined;
	/** For how many milliseconds its agent uses a connection, however busy it is (`socketActiveTTL` of agentkeepalive). */
	readonly ageLimit?: number | undefined;
	/** The server's announced idle limit in milliseconds. */
	readonly serverIdleLimit?: number | undefined;
	/** It happened in the `timeout` event of an idle connection: the limit in milliseconds. */
	readonly idleTimeout?: number | undefined;
	/** What the peer did on the connection, as far as the runtime lets it be seen. */
	readonly peer?:
		| "ended"
		| "reset"
		| "ended or reset"
		| "sent data"
		| undefined;
	/** Whether the connection's agent keeps connections at all; absent without an agent. */
	readonly agentKeepAlive?: boolean | undefined;
	readonly request?: LastRequestFacts | undefined;
	readonly release?: ReleaseFacts | undefined;
	/** The status of an answer that the agent gave by itself, on a stream behind which there was no connection. */
	readonly answeredByAgent?: number | undefined;
	/** HTTP/2 alone. */
	readonly session?: SessionFacts | undefined;
	/** Where the destroy call came from, for the detail of an unexplained end. */
	readonly site?: string | undefined;
	/** What is known of a connection of undici, which says itself why it destroys one. */
	readonly undici?: Pick<UndiciEndingFacts, "undici" | "request"> | undefined;
}

type Explanation = readonly [Reason, string];

/** Names why the connection ended. The evidence nearest to the destroy call decides. */
export function explainEnding(facts: EndingFacts): Explanation {
	if (facts.session?.goaway) {
		return announcedEnd(facts, facts.session.goaway);
	}
	if (facts.undici) {
		const { activity, idle, sinceWritten, roundTrip } = facts;
		const connecting = activity === "connecting";
		return explainUndiciEnding({
			...facts.undici,
			serverIdleLimit: facts.serverIdleLimit,
			idle,
			sinceWritten,
			roundTrip,
			connecting,
		});
	}
	if (facts.agentDestroyed) {
		return ["agent_destroyed", "the agent or client was destroyed"];
	}
	if (facts.answeredByAgent !== undefined) {
		return [
			"connect_failed",
			`no connection came about, the agent answered the request itself with status ${facts.answeredByAgent}`,
		];
	}
	return (facts.session && endedSession(facts, facts.session)) ?? ended(facts);
}

function ended(facts: EndingFacts): Explanation {
	switch (facts.activity) {
		case "connecting":
			return endedWhileConnecting(facts);
		case "idle":
			return endedIdle(facts);
		case "released":
			return endedOnRelease(facts);
		case "busy":
			return endedBusy(facts);
	}
}

function announcedEnd(
	{ idle }: EndingFacts,
	{ code, lastStream }: NonNullable<SessionFacts["goaway"]>,
): Explanation {
	const state = idle === undefined ? "" : `idle ${ms(idle)}, `;
	return [
		"server_goaway",
		`${state}the server sent GOAWAY (${code}, last stream ${lastStream})`,
	];
}

/** What ended a session before its connection; nothing if the connection itself ended. */
function endedSession(
	{ idle }: EndingFacts,
	session: SessionFacts,
): Explanation | undefined {
	const { timeout, frameError } = session;
	if (frameError !== undefined) {
		return [
			"socket_error",
			`Node closed the HTTP/2 session, since a frame could not be sent (${frameError})`,
		];
	}
	if (!session.closedByProgram) return undefined;
	if (timeout !== undefined) {
		return idle === undefined
			? [
					"socket_timeout",
					`the session ran into its inactivity limit of ${ms(timeout)} with ${count(session.streams, "open stream")}`,
				]
			: [
					"agent_idle_timeout",
					`idle ${ms(idle)}, the client closes after ${ms(timeout)}`,
				];
	}
	if (session.forOneRequest) {
		return [
			"keep_alive_disabled",
			"the client gives each request an HTTP/2 session of its own",
		];
	}
	return [
		"agent_destroyed",
		`the program closed the HTTP/2 session after ${count(session.requests, "request")}`,
	];
}

function endedWhileConnecting({ request, error }: EndingFacts): Explanation {
	if (request?.destroyed) {
		return ["request_aborted", "its request was aborted while it connected"];
	}
	return ["connect_failed", `the attempt failed: ${error ?? "aborted"}`];
}

function endedIdle(facts: EndingFacts): Explanation {
	const idle =
		facts.idle === undefined ? "while idle" : `idle ${ms(facts.idle)}`;
	if (facts.idleTimeout !== undefined) {
		return (
			tooOld(facts) ?? [
				"agent_idle_timeout",
				`${idle}, the client closes after ${ms(facts.idleTimeout)}`,
			]
		);
	}
	const announced =
		facts.serverIdleLimit === undefined
			? ""
			: `, the server closes after ${ms(facts.serverIdleLimit)}`;
	switch (facts.peer) {
		case "ended":
			return ["peer_closed_idle", `${idle}, closed by the server${announced}`];
		case "ended or reset":
			return [
				"peer_closed_idle",
				`${idle}, closed or reset by the server${announced}`,
			];
		case "reset":
			return ["peer_reset_idle", `${idle}, reset by the server${announced}`];
		case "sent data":
			return [
				"unexpected_data_idle",
				`${idle}, the server sent data that no request asked for`,
			];
	}
	if (facts.error) {
		return ["socket_error", `${idle}, failed with ${facts.error}`];
	}
	return ["unknown", `${idle}, destroyed by ${facts.site ?? "the program"}`];
}

/** Clocks of agents that count whole milliseconds. */
const ROUNDING = 2;

function tooOld({ age, ageLimit }: EndingFacts): Explanation | undefined {
	if (age === undefined || !ageLimit || age < ageLimit - ROUNDING) {
		return undefined;
	}
	return [
		"agent_idle_timeout",
		`open for ${ms(age)}, the client uses a connection for ${ms(ageLimit)}`,
	];
}

/** In the order in which Node's agent decides whether to keep a connection (checked on 20, 22, 24 and 26). */
function endedOnRelease(facts: EndingFacts): Explanation {
	const { release, request } = facts;
	if (!release || facts.agentKeepAlive === false || asksToClose(request)) {
		return closedAfterResponse(facts);
	}
	const closedByServer = endedByServer(facts, "as its response ended");
	if (closedByServer) return closedByServer;
	if (release.total > release.maxTotal) {
		return [
			"max_total_sockets",
			`${count(release.total, "connection")} in the agent, maxTotalSockets is ${release.maxTotal}`,
		];
	}
	if (release.count > release.max) {
		return [
			"max_sockets",
			`${count(release.count, "connection")} in the pool, maxSockets is ${release.max}`,
		];
	}
	if (release.free >= release.maxFree) {
		return [
			"max_free_sockets",
			`${count(release.free, "idle connection")} in the pool, maxFreeSockets is ${release.maxFree}`,
		];
	}
	if (release.kept === false && release.idleLimit !== undefined) {
		return [
			"server_hint_too_short",
			`the server announced Keep-Alive: timeout=${release.idleLimit / 1000}, too short to keep the connection`,
		];
	}
	if (release.keyOfOneRequest) {
		return [
			"per_request_tls",
			"the request's own checkServerIdentity keeps its connection out of the pool",
		];
	}
	const old = tooOld(facts);
	if (old) return old;
	if (release.kept === false) {
		return ["unknown", "the agent's keepSocketAlive refused the connection"];
	}
	return [
		"unknown",
		`the agent did not keep the connection, destroyed by ${facts.site ?? "the program"}`,
	];
}

function endedBusy(facts: EndingFacts): Explanation {
	const { request, peer } = facts;
	if (!request) {
		return ["socket_error", `failed with ${facts.error ?? "no error code"}`];
	}
	if (request.switched) {
		return [
			"upgraded",
			"the server switched protocols, and the client closed the connection, since nobody listened for it",
		];
	}
	if (request.complete) return closedAfterResponse(facts);
	const code = request.error ?? facts.error;
	const closedByServer = closedUnderResponse(facts, request, code);
	if (closedByServer) return closedByServer;
	// A connection whose end has been read before the request was written goes without an error.
	const ended = code === undefined && peer === "ended" && !request.destroyed;
	if (request.reused && !request.answered && (isReset(code) || ended)) {
		return endedUnanswered(facts, code);
	}
	if (request.timedOut) {
		return [
			"socket_timeout",
			"the previous request ran into the inactivity limit of its connection",
		];
	}
	if (request.destroyed) {
		return ["request_aborted", "the previous request was aborted"];
	}
	if (request.responseDestroyed && !code) {
		return [
			"response_destroyed",
			"the previous response was destroyed before its end",
		];
	}
	return endedWithRequest(code);
}

/** The server closed a connection on which nothing was under way any more, before its last response was read. */
function closedUnderResponse(
	facts: EndingFacts,
	{ arrived, destroyed, responseDestroyed }: LastRequestFacts,
	code: string | undefined,
): Explanation | undefined {
	if (!arrived || destroyed || responseDestroyed) return undefined;
	const peer = isReset(code) ? "reset" : facts.peer;
	const state = "under a response that had arrived and was not read yet";
	return endedByServer({ ...facts, peer }, state);
}

function endedByServer(
	{ peer }: EndingFacts,
	state: string,
): Explanation | undefined {
	switch (peer) {
		case "ended":
			return ["peer_closed_idle", `closed by the server ${state}`];
		case "reset":
			return ["peer_reset_idle", `reset by the server ${state}`];
		case "sent data":
			return [
				"unexpected_data_idle",
				`the server sent data that no request asked for ${state}`,
			];
	}
	return undefined;
}

/** A connection that was given up because its response had ended. */
function closedAfterResponse(facts: EndingFacts): Explanation {
	const { request } = facts;
	if (facts.agentKeepAlive === false) {
		return [
			"keep_alive_disabled",
			"the agent closes every connection after its response",
		];
	}
	if (request?.requestConnection?.includes("close")) {
		return [
			"client_connection_close",
			"the previous request asked for Connection: close",
		];
	}
	if (request?.responseConnection?.includes("close")) {
		return [
			"server_connection_close",
			"the server answered with Connection: close",
		];
	}
	if (request?.httpVersion === "1.0") {
		return [
			"server_connection_close",
			"the server speaks HTTP/1.0 without keep-alive",
		];
	}
	if (request?.method === "HEAD") {
		return [
			"client_connection_close",
			"the client closes the connection after a HEAD request whose response has no length",
		];
	}
	return [
		"server_connection_close",
		"the end of the connection was the end of the response",
	];
}

function asksToClose(request: LastRequestFacts | undefined): boolean {
	return (
		request?.responseConnection?.includes("close") === true ||
		request?.requestConnection?.includes("close") === true ||
		(request?.httpVersion === "1.0" &&
			request.responseConnection?.includes("keep-alive") !== true)
	);
}

function isReset(code: string | undefined): boolean {
	return code === "ECONNRESET" || code === "EPIPE";
}
