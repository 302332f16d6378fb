import { endedUnanswered, endedWithRequest, type Lateness } from "./cut-short";
import type { Reason } from "./reason";
import { ms } from "./wording";

/** What undici said, by the error that it destroyed a connection with, and what it knew of the connection then. */
export interface UndiciEnding {
	readonly said:
		| "idle limit"
		| "closes after response"
		| "aborted"
		| "closed by peer"
		| "unexpected data"
		| "server name changed"
		| "destroyed"
		| "timeout"
		| "something else";
	/** The peer has reset the connection, as far as the system shows it. */
	readonly reset: boolean;
	/** Code of the error. */
	readonly code?: string | undefined;
	/** The client's idle limit in milliseconds. */
	readonly idleLimit?: number | undefined;
	/** What the client takes off the server's announced limit, in milliseconds. */
	readonly margin?: number | undefined;
	/** The response was over before its request was sent. */
	readonly early: boolean;
	/** Requests carried and allowed on the connection, where there is a limit. */
	readonly requests?:
		| { readonly count: number; readonly max: number }
		| undefined;
	readonly pipelining?: number | undefined;
	/** The pool gave the client up because of its age. */
	readonly retired: boolean;
}

/** The request that the connection carried, or the last one. */
export interface UndiciLastRequest {
	readonly method: string;
	/** It had a body that requests of its method do not have. */
	readonly unusualBody: boolean;
	readonly answered: boolean;
	readonly reused: boolean;
	/** The program asked for the connection to be closed. */
	readonly askedToClose: boolean;
	readonly responseConnection?: string | undefined;
}

export interface UndiciEndingFacts extends Readonly<Lateness> {
	readonly undici: UndiciEnding;
	/** Absent where the connection is idle. */
	readonly request?: UndiciLastRequest | undefined;
	/** The server's announced idle limit in milliseconds. */
	readonly serverIdleLimit?: number | undefined;
	readonly connecting: boolean;
	/** Milliseconds; absent while the connection is held. */
	readonly idle?: number | undefined;
}

type Explanation = readonly [Reason, string];

/** Names why undici's connection ended; its own word comes before everything else. */
export function explainUndiciEnding(facts: UndiciEndingFacts): Explanation {
	const { undici, connecting } = facts;
	if (undici.said === "destroyed") {
		return undici.retired
			? [
					"agent_destroyed",
					"the pool replaced the client, which had reached its clientTtl",
				]
			: ["agent_destroyed", "the agent or client was destroyed"];
	}
	if (connecting) return endedWhileConnecting(undici);
	switch (undici.said) {
		case "closes after response":
			return closedAfterResponse(facts);
		case "server name changed":
			return [
				"pool_key_mismatch",
				"the next request on the client was for another server name",
			];
		default:
			return facts.idle === undefined
				? endedBusy(facts)
				: endedIdle(facts, facts.idle);
	}
}

function endedWhileConnecting({ said, code }: UndiciEnding): Explanation {
	return said === "aborted"
		? ["request_aborted", "its request was aborted while it connected"]
		: ["connect_failed", `the attempt failed: ${code ?? "aborted"}`];
}

function endedIdle(
	{ undici, serverIdleLimit }: UndiciEndingFacts,
	duration: number,
): Explanation {
	const idle = `idle ${ms(duration)}`;
	const announced =
		serverIdleLimit === undefined
			? ""
			: `, the server closes after ${ms(serverIdleLimit)}`;
	if (undici.reset || undici.code === "ECONNRESET") {
		return ["peer_reset_idle", `${idle}, reset by the server${announced}`];
	}
	switch (undici.said) {
		case "idle limit":
			return [
				"agent_idle_timeout",
				undici.idleLimit === undefined
					? `${idle}, the client closes idle connections`
					: `${idle}, the client closes after ${ms(undici.idleLimit)}${announced}`,
			];
		case "closed by peer":
			return ["peer_closed_idle", `${idle}, closed by the server${announced}`];
		case "unexpected data":
			return sentData(idle);
		case "aborted":
			return [
				"request_aborted",
				`${idle}, closed by the client when a request was aborted`,
			];
	}
	// Before 6.29 undici tries to read it as a response.
	if (undici.code?.startsWith("HPE_")) return sentData(idle);
	return undici.code === undefined
		? ["unknown", `${idle}, destroyed by the program`]
		: ["socket_error", `${idle}, failed with ${undici.code}`];
}

function sentData(idle: string): Explanation {
	return [
		"unexpected_data_idle",
		`${idle}, the server sent data that no request asked for`,
	];
}

function endedBusy(facts: UndiciEndingFacts): Explanation {
	const { undici, request } = facts;
	const { said, code } = undici;
	if (said === "aborted") {
		return request?.answered
			? [
					"response_destroyed",
					"the previous response was aborted, cancelled or forgotten before its end",
				]
			: ["request_aborted", "the previous request was aborted"];
	}
	if (said === "timeout") {
		return ["socket_timeout", `the previous request failed with ${code}`];
	}
	if (
		request?.reused &&
		!request.answered &&
		(said === "closed by peer" || code === "ECONNRESET" || code === "EPIPE")
	) {
		return endedUnanswered(facts, code);
	}
	return endedWithRequest(code);
}

/** In the order in which undici decides to close a connection: by the request, by a limit, by the response. */
function closedAfterResponse({
	undici,
	request,
	serverIdleLimit: limit,
}: UndiciEndingFacts): Explanation {
	const { requests, pipelining, early } = undici;
	if (early) {
		return [
			"request_aborted",
			"the previous response was over before its request was sent, which was given up",
		];
	}
	if (pipelining === 0) {
		return [
			"keep_alive_disabled",
			"the client closes every connection after its response (pipelining: 0)",
		];
	}
	if (request?.askedToClose) {
		return [
			"client_connection_close",
			"the previous request asked for the connection to be closed",
		];
	}
	if (requests && requests.count >= requests.max) {
		return [
			"max_requests",
			`${requests.count} requests on the connection, maxRequestsPerClient is ${requests.max}`,
		];
	}
	if (request?.method === "HEAD") {
		return [
			"client_connection_close",
			"the client closes the connection after a HEAD request",
		];
	}
	if (request?.unusualBody) {
		return [
			"client_connection_close",
			`the client closes the connection after a ${request.method} request with a body`,
		];
	}
	if (request?.responseConnection?.includes("close")) {
		return [
			"server_connection_close",
			"the server answered with Connection: close",
		];
	}
	if (limit !== undefined && limit <= (undici.margin ?? 0)) {
		return [
			"server_hint_too_short",
			`the server announced Keep-Alive: timeout=${limit / 1000}, of which the client takes off ${ms(undici.margin ?? 0)}`,
		];
	}
	return [
		"server_connection_close",
		"the server does not keep the connection: HTTP/1.0, or its end was the end of the response",
	];
}
