import { describe, expect, it } from "vitest";
import {
	type EndingFacts,
	explainEnding,
	type LastRequestFacts,
	type ReleaseFacts,
	type SessionFacts,
} from "../../src/connections/ending.js";

const REQUEST: LastRequestFacts = {
	destroyed: false,
	responseDestroyed: false,
	switched: false,
	arrived: false,
	complete: false,
	answered: false,
	reused: false,
	timedOut: false,
};

const RELEASE: ReleaseFacts = {
	keyOfOneRequest: false,
	free: 0,
	maxFree: 256,
	count: 1,
	max: Number.POSITIVE_INFINITY,
	total: 1,
	maxTotal: Number.POSITIVE_INFINITY,
};

const SESSION: SessionFacts = {
	closedByProgram: false,
	forOneRequest: false,
	requests: 3,
	streams: 0,
};

type Row = readonly [
	facts: Partial<EndingFacts>,
	reason: string,
	detail: string,
];

function table(name: string, base: EndingFacts, rows: readonly Row[]): void {
	describe(name, () => {
		it.each(rows)("%j: %s", (facts, reason, detail) => {
			expect(explainEnding({ ...base, ...facts })).toEqual([reason, detail]);
		});
	});
}

const at = (activity: EndingFacts["activity"]): EndingFacts => ({
	activity,
	agentDestroyed: false,
});

table("ended while it connected", at("connecting"), [
	[{}, "connect_failed", "the attempt failed: aborted"],
	[
		{ error: "ECONNREFUSED" },
		"connect_failed",
		"the attempt failed: ECONNREFUSED",
	],
	[
		{ error: "ECONNRESET", request: { ...REQUEST, destroyed: true } },
		"request_aborted",
		"its request was aborted while it connected",
	],
	[
		{ agentDestroyed: true },
		"agent_destroyed",
		"the agent or client was destroyed",
	],
]);

table("ended while idle", { ...at("idle"), idle: 5012.3 }, [
	[
		{ idleTimeout: 5000 },
		"agent_idle_timeout",
		"idle 5012 ms, the client closes after 5000 ms",
	],
	[
		{ idleTimeout: 5000, peer: "ended" },
		"agent_idle_timeout",
		"idle 5012 ms, the client closes after 5000 ms",
	],
	[{ peer: "ended" }, "peer_closed_idle", "idle 5012 ms, closed by the server"],
	[
		{ peer: "ended", serverIdleLimit: 5000 },
		"peer_closed_idle",
		"idle 5012 ms, closed by the server, the server closes after 5000 ms",
	],
	[
		{ peer: "ended or reset" },
		"peer_closed_idle",
		"idle 5012 ms, closed or reset by the server",
	],
	[
		{ peer: "reset", error: "ECONNRESET" },
		"peer_reset_idle",
		"idle 5012 ms, reset by the server",
	],
	[
		{ peer: "sent data" },
		"unexpected_data_idle",
		"idle 5012 ms, the server sent data that no request asked for",
	],
	[
		{ error: "ETIMEDOUT" },
		"socket_error",
		"idle 5012 ms, failed with ETIMEDOUT",
	],
	[{ site: "closeAll" }, "unknown", "idle 5012 ms, destroyed by closeAll"],
	[{}, "unknown", "idle 5012 ms, destroyed by the program"],
	[
		{ agentDestroyed: true, peer: "ended" },
		"agent_destroyed",
		"the agent or client was destroyed",
	],
]);

const DONE: LastRequestFacts = { ...REQUEST, complete: true, answered: true };

table(
	"not kept after its response",
	{ ...at("released"), agentKeepAlive: true, request: DONE, release: RELEASE },
	[
		[
			{ agentKeepAlive: false },
			"keep_alive_disabled",
			"the agent closes every connection after its response",
		],
		[
			{ request: { ...DONE, requestConnection: "close" } },
			"client_connection_close",
			"the previous request asked for Connection: close",
		],
		[
			{ request: { ...DONE, responseConnection: "close" } },
			"server_connection_close",
			"the server answered with Connection: close",
		],
		[
			{ request: { ...DONE, httpVersion: "1.0" } },
			"server_connection_close",
			"the server speaks HTTP/1.0 without keep-alive",
		],
		[
			{ peer: "ended" },
			"peer_closed_idle",
			"closed by the server as its response ended",
		],
		[
			{ release: { ...RELEASE, total: 3, maxTotal: 2 } },
			"max_total_sockets",
			"3 connections in the agent, maxTotalSockets is 2",
		],
		[
			{ release: { ...RELEASE, count: 5, max: 4 } },
			"max_sockets",
			"5 connections in the pool, maxSockets is 4",
		],
		[
			{ release: { ...RELEASE, free: 1, maxFree: 1, kept: false } },
			"max_free_sockets",
			"1 idle connection in the pool, maxFreeSockets is 1",
		],
		[
			{ release: { ...RELEASE, kept: false, idleLimit: 1000 } },
			"server_hint_too_short",
			"the server announced Keep-Alive: timeout=1, too short to keep the connection",
		],
		[
			{ release: { ...RELEASE, kept: false, keyOfOneRequest: true } },
			"per_request_tls",
			"the request's own checkServerIdentity keeps its connection out of the pool",
		],
		[
			{ release: { ...RELEASE, kept: false } },
			"unknown",
			"the agent's keepSocketAlive refused the connection",
		],
		[
			{ site: "destroySoon" },
			"unknown",
			"the agent did not keep the connection, destroyed by destroySoon",
		],
		[
			{ release: undefined },
			"server_connection_close",
			"the end of the connection was the end of the response",
		],
		[
			{
				request: {
					...DONE,
					httpVersion: "1.0",
					responseConnection: "keep-alive",
				},
				release: { ...RELEASE, kept: false },
			},
			"unknown",
			"the agent's keepSocketAlive refused the connection",
		],
	],
);

const REUSED: LastRequestFacts = { ...REQUEST, reused: true };

table("ended in the middle of a request", { ...at("busy"), request: REQUEST }, [
	[{ request: undefined }, "socket_error", "failed with no error code"],
	[{ request: undefined, error: "EPIPE" }, "socket_error", "failed with EPIPE"],
	[
		{ request: DONE, agentKeepAlive: true },
		"server_connection_close",
		"the end of the connection was the end of the response",
	],
	[
		{ request: { ...REUSED, error: "ECONNRESET" } },
		"stale_reset",
		"the previous request was sent on a reused connection that the server had closed (ECONNRESET)",
	],
	[
		{ request: REUSED, error: "EPIPE" },
		"stale_reset",
		"the previous request was sent on a reused connection that the server had closed (EPIPE)",
	],
	[
		{ request: REUSED, peer: "ended" },
		"stale_reset",
		"the previous request was sent on a reused connection that the server had closed",
	],
	[
		{
			request: { ...REUSED, error: "ECONNRESET" },
			sinceWritten: 310,
			roundTrip: 20,
		},
		"stale_reset",
		"the previous request was sent on a reused connection that the server had closed (ECONNRESET)",
	],
	[
		{
			request: { ...REUSED, error: "ECONNRESET" },
			sinceWritten: 500,
			roundTrip: 20,
		},
		"socket_error",
		"the connection ended 500 ms after the previous request was written, without an answer (ECONNRESET)",
	],
	[
		{ request: { ...DONE, method: "HEAD" }, agentKeepAlive: true },
		"client_connection_close",
		"the client closes the connection after a HEAD request whose response has no length",
	],
	[
		{ error: "ECONNRESET" },
		"socket_error",
		"the previous request failed with ECONNRESET",
	],
	[
		{ request: { ...REUSED, answered: true }, error: "ECONNRESET" },
		"socket_error",
		"the previous request failed with ECONNRESET",
	],
	[
		{ request: { ...REQUEST, timedOut: true, destroyed: true } },
		"socket_timeout",
		"the previous request ran into the inactivity limit of its connection",
	],
	[
		{ request: { ...REQUEST, answered: true, arrived: true }, peer: "reset" },
		"peer_reset_idle",
		"reset by the server under a response that had arrived and was not read yet",
	],
	[
		{ request: { ...REQUEST, destroyed: true } },
		"request_aborted",
		"the previous request was aborted",
	],
	[
		{ request: { ...REQUEST, answered: true, responseDestroyed: true } },
		"response_destroyed",
		"the previous response was destroyed before its end",
	],
	[
		{
			request: {
				...REQUEST,
				answered: true,
				responseDestroyed: true,
				error: "HPE_INVALID_CHUNK_SIZE",
			},
		},
		"socket_error",
		"the previous request failed with HPE_INVALID_CHUNK_SIZE",
	],
	[
		{},
		"socket_error",
		"the connection ended before the previous request was over",
	],
	[
		{ agentDestroyed: true },
		"agent_destroyed",
		"the agent or client was destroyed",
	],
]);

table(
	"a session of HTTP/2 that ended",
	{ ...at("idle"), idle: 40, session: SESSION },
	[
		[
			{
				session: { ...SESSION, goaway: { code: "NO_ERROR", lastStream: 5 } },
				agentDestroyed: true,
			},
			"server_goaway",
			"idle 40 ms, the server sent GOAWAY (NO_ERROR, last stream 5)",
		],
		[
			{ session: { ...SESSION, frameError: "NGHTTP2_FRAME_SIZE_ERROR" } },
			"socket_error",
			"Node closed the HTTP/2 session, since a frame could not be sent (NGHTTP2_FRAME_SIZE_ERROR)",
		],
		[
			{ session: { ...SESSION, closedByProgram: true, timeout: 30 } },
			"agent_idle_timeout",
			"idle 40 ms, the client closes after 30 ms",
		],
		[
			{
				idle: undefined,
				session: { ...SESSION, closedByProgram: true, timeout: 30, streams: 2 },
			},
			"socket_timeout",
			"the session ran into its inactivity limit of 30 ms with 2 open streams",
		],
		[
			{ session: { ...SESSION, closedByProgram: true, forOneRequest: true } },
			"keep_alive_disabled",
			"the client gives each request an HTTP/2 session of its own",
		],
		[
			{ session: { ...SESSION, closedByProgram: true } },
			"agent_destroyed",
			"the program closed the HTTP/2 session after 3 requests",
		],
		[{ peer: "ended" }, "peer_closed_idle", "idle 40 ms, closed by the server"],
	],
);
