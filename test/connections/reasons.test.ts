import { describe, expect, it } from "vitest";
import {
	decideReason,
	FALLBACK_RULES,
	type FreshFacts,
	RULES,
} from "../../src/connections/reasons.js";

/** Nothing that any rule could claim. */
const NOTHING: FreshFacts = {
	earlierConnections: 3,
	agentKeepAlive: true,
	tlsOfOneRequest: false,
	waited: false,
	unread: 0,
	oldestUnread: 0,
	returning: 0,
	busyElsewhere: 0,
	proxyTunnel: false,
};

const ENDED = {
	id: "c-7",
	reason: "peer_closed_idle",
	detail: "idle 5012 ms, closed by the server",
} as const;

interface Case {
	/** What makes the rule hold, and nothing else. */
	readonly facts: Partial<FreshFacts>;
	readonly reason: string;
	readonly detail: string;
	readonly previousId?: string;
	/** What such facts show besides. */
	readonly contributing?: readonly string[];
}

const CASES: Readonly<Record<string, Case>> = {
	"the AWS client went to another host name": {
		facts: { otherHost: { host: "a.test", service: "DynamoDB" } },
		reason: "different_host",
		detail: "the same agent has an open connection to a.test for DynamoDB",
	},
	"nothing to reuse yet": {
		facts: { earlierConnections: 0 },
		reason: "first_connection",
		detail:
			"no client in this process had a connection to this host and port before",
	},
	"the request goes past every pool": {
		facts: { withoutPool: "the request was made with agent: false" },
		reason: "no_pool",
		detail: "the request was made with agent: false",
	},
	"the agent keeps no connection": {
		facts: { agentKeepAlive: false },
		reason: "keep_alive_disabled",
		detail: "the agent closes every connection after its response",
	},
	"each request needs a tunnel of its own": {
		facts: { proxyTunnel: true },
		reason: "proxy_tunnel",
		detail: "the agent opens a tunnel through the proxy for each request",
	},
	"TLS options of this request alone": {
		facts: { tlsOfOneRequest: true },
		reason: "per_request_tls",
		detail:
			"the request's own checkServerIdentity gives it a pool key that no other request shares",
	},
	"the connection it waited for ended": {
		facts: { waited: true, previousInPool: ENDED },
		reason: "peer_closed_idle",
		detail: ENDED.detail,
		previousId: "c-7",
	},
	"all held by unread responses": {
		facts: {
			pool: { free: 0, busy: 2, queued: 0 },
			unread: 2,
			oldestUnread: 812.4,
		},
		reason: "body_unconsumed",
		detail:
			"2 connections held by responses that nobody reads, the oldest for 812 ms",
		contributing: ["pool_busy"],
	},
	"all busy": {
		facts: { pool: { free: 0, busy: 1, queued: 0, max: 50 } },
		reason: "pool_busy",
		detail: "1 connection of the pool busy, at most 50 allowed",
	},
	"all sessions full": {
		facts: { sessions: { full: 1, limit: 100 } },
		reason: "pool_busy",
		detail:
			"1 HTTP/2 session to this host full, at most 100 streams at once allowed",
	},
	"the last connection of the pool ended": {
		facts: { previousInPool: ENDED },
		reason: "peer_closed_idle",
		detail: ENDED.detail,
		previousId: "c-7",
	},
	"idle under other options": {
		facts: { otherKey: { id: "c-2", idle: 40.2, options: "servername" } },
		reason: "pool_key_mismatch",
		detail:
			"a connection of the same agent was idle for 40 ms under another servername",
	},
	"idle in another agent": {
		facts: { otherAgent: { id: "c-3", idle: 12 } },
		reason: "different_agent",
		detail:
			"a connection to this host was idle for 12 ms in another agent or client",
	},
	"another session could have carried it": {
		facts: {
			sessions: { full: 0, limit: 0, available: { id: "c-4", streams: 1 } },
		},
		reason: "different_agent",
		detail: "another HTTP/2 session to this host was open and carried 1 stream",
	},
};

/** Of two rules that cannot hold together, as names joined by a plus. */
const EXCLUSIVE = new Set([
	// Who goes past every pool is not asked what the agent does with its connections.
	"the request goes past every pool + the agent keeps no connection",
	// A tunnel that ended explains the next one.
	"each request needs a tunnel of its own + the connection it waited for ended",
	"each request needs a tunnel of its own + the last connection of the pool ended",
	"all sessions full + another session could have carried it",
]);

describe("the rules", () => {
	it("each have a case, in their order", () => {
		expect(Object.keys(CASES)).toEqual(RULES.map(({ name }) => name));
	});

	it.each(Object.entries(CASES))("%s", (_, { facts, ...claim }) => {
		expect(decideReason({ ...NOTHING, ...facts })).toEqual({
			contributing: [],
			...claim,
		});
	});

	const names = Object.keys(CASES);
	const pairs = names.flatMap((nearer, index) =>
		names.slice(index + 1).map((further) => [nearer, further] as const),
	);
	it.each(pairs.filter((pair) => !EXCLUSIVE.has(pair.join(" + "))))(
		"%s, before: %s",
		(nearer, further) => {
			const near = CASES[nearer] as Case;
			const far = CASES[further] as Case;
			const verdict = decideReason({ ...NOTHING, ...far.facts, ...near.facts });
			expect(verdict.reason).toBe(near.reason);
			expect(verdict.contributing).toEqual(
				far.reason === near.reason ? [] : expect.arrayContaining([far.reason]),
			);
		},
	);

	it("claim the same reason once", () => {
		const { contributing } = decideReason({
			...NOTHING,
			...CASES["all busy"]?.facts,
			sessions: { full: 1, limit: 1 },
			previousInPool: ENDED,
			otherAgent: { id: "c-3", idle: 1 },
			otherKey: { id: "c-2", idle: 1, options: "ca" },
		});
		expect(contributing).toEqual([
			"peer_closed_idle",
			"pool_key_mismatch",
			"different_agent",
		]);
	});

	it("keep an unexplained end out of what contributes", () => {
		const { reason, contributing } = decideReason({
			...NOTHING,
			...CASES["all busy"]?.facts,
			previousInPool: { ...ENDED, reason: "unknown" },
		});
		expect([reason, contributing]).toEqual(["pool_busy", []]);
	});
});

describe("what all busy connections tell", () => {
	const busy = (facts: Partial<FreshFacts>) =>
		decideReason({
			...NOTHING,
			pool: { free: 0, busy: 3, queued: 0 },
			...facts,
		});

	it("some held by responses that nobody reads", () => {
		expect(busy({ unread: 1, oldestUnread: 50 })).toMatchObject({
			reason: "pool_busy",
			detail:
				"3 connections of the pool busy, 1 of them held by responses that nobody reads",
		});
	});

	it("some given back too late", () => {
		expect(busy({ returning: 2 }).detail).toBe(
			"3 connections of the pool busy, 2 of them given back only one turn of the event loop after its response",
		);
	});

	it("nothing while one is free", () => {
		expect(
			busy({ pool: { free: 1, busy: 3, queued: 0 }, unread: 3 }).reason,
		).toBe("unknown");
	});
});

describe("where no rule holds", () => {
	it("has these left, in their order", () => {
		expect(FALLBACK_RULES.map(({ name }) => name)).toEqual([
			"busy in other pools",
			"the last connection to the host ended",
		]);
	});

	it("connections outside the pool were busy", () => {
		expect(
			decideReason({ ...NOTHING, busyElsewhere: 2, previousToHost: ENDED }),
		).toEqual({
			reason: "pool_busy",
			detail:
				"the pool had no connection, and 2 connections to this host outside it carried a request",
			contributing: [],
		});
	});

	it("the last connection to the host ended in another pool", () => {
		expect(decideReason({ ...NOTHING, previousToHost: ENDED })).toEqual({
			reason: "peer_closed_idle",
			detail: `in another pool: ${ENDED.detail}`,
			previousId: "c-7",
			contributing: [],
		});
	});

	it("says so", () => {
		expect(decideReason(NOTHING)).toEqual({
			reason: "unknown",
			detail:
				"connections to this host existed, and none of their traces explains the new one",
			contributing: [],
		});
	});
});
