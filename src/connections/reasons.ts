import type { PoolSnapshot } from "./pool";
import type { Reason } from "./reason";
import { count, ms } from "./wording";

/** A connection that ended, as far as a later one needs it explained. */
export interface PreviousConnection {
	readonly id: string;
	readonly reason: Reason;
	readonly detail: string;
}

/** An idle connection that the request could have used, had the program asked for it differently. */
export interface IdleConnection {
	readonly id: string;
	/** How long it had been idle, in milliseconds. */
	readonly idle: number;
}

/** What was known at the moment a request needed a new connection. */
export interface FreshFacts {
	/** Connections to this host and port begun before by clients of HTTP. */
	readonly earlierConnections: number;
	/** Connections may have been there before anything was observed. */
	readonly observedLate?: boolean | undefined;
	/** Why the request went past every pool, if it did. */
	readonly withoutPool?: string | undefined;
	readonly agentKeepAlive: boolean;
	/** The request brought TLS options that no other request can share. */
	readonly tlsOfOneRequest: boolean;
	readonly waited: boolean;
	readonly pool?: PoolSnapshot | undefined;
	/** Connections of the pool held by a response that nobody reads, and the longest such time in milliseconds. */
	readonly unread: number;
	readonly oldestUnread: number;
	/** Busy connections of the pool whose response is over, and which their client has not taken back yet. */
	readonly returning: number;
	/** The last connection of the same pool that ended. */
	readonly previousInPool?: PreviousConnection | undefined;
	/** The last connection to the same host that ended, whichever pool it was in. */
	readonly previousToHost?: PreviousConnection | undefined;
	/** An idle connection of the same agent under other options, with the names of those that differ. */
	readonly otherKey?:
		| (IdleConnection & { readonly options: string })
		| undefined;
	/** An idle connection to the same host in another agent. */
	readonly otherAgent?: IdleConnection | undefined;
	/** Connections to the same host, outside the pool, that were carrying a request. */
	readonly busyElsewhere: number;
	/** A live connection of the same agent to another host of the same AWS service. */
	readonly otherHost?:
		| { readonly host: string; readonly service: string }
		| undefined;
	readonly proxyTunnel: boolean;
	/** HTTP/2: the other open connections to the host that speak it. */
	readonly sessions?:
		| {
				/** Those that carry as many streams as they may. */
				readonly full: number;
				/** How many streams that is. */
				readonly limit: number;
				/** One that could have carried another stream, with the number that it carries. */
				readonly available?: { readonly id: string; readonly streams: number };
		  }
		| undefined;
}

/** A claim about why the connection was fresh. It holds if it can state its evidence. */
export interface Rule {
	readonly name: string;
	/** The claim with its evidence, or nothing if the facts do not support it. */
	evaluate(facts: FreshFacts): Claim | undefined;
}

export interface Claim {
	readonly reason: Reason;
	readonly detail: string;
	readonly previousId?: string | undefined;
}

/**
 * The decision: the first rule that holds is the nearest cause, the others that hold contribute.
 * What the program asked for comes before what happened to its pool, and that before what other pools could have offered.
 */
export const RULES: readonly Rule[] = [
	{
		name: "the AWS client went to another host name",
		evaluate: ({ otherHost }) =>
			otherHost && {
				reason: "different_host",
				detail: `the same agent has an open connection to ${otherHost.host} for ${otherHost.service}`,
			},
	},
	{
		name: "nothing to reuse yet",
		evaluate: ({ earlierConnections, observedLate }) =>
			earlierConnections > 0
				? undefined
				: {
						reason: "first_connection",
						detail: observedLate
							? "no client had a connection to this host and port since conntrace was enabled"
							: "no client in this process had a connection to this host and port before",
					},
	},
	{
		name: "the request goes past every pool",
		evaluate: ({ withoutPool }) =>
			withoutPool === undefined
				? undefined
				: { reason: "no_pool", detail: withoutPool },
	},
	{
		name: "the agent keeps no connection",
		evaluate: ({ agentKeepAlive, withoutPool }) =>
			agentKeepAlive || withoutPool !== undefined
				? undefined
				: {
						reason: "keep_alive_disabled",
						detail: "the agent closes every connection after its response",
					},
	},
	{
		name: "each request needs a tunnel of its own",
		evaluate: ({ proxyTunnel, previousInPool }) =>
			proxyTunnel && !previousInPool
				? {
						reason: "proxy_tunnel",
						detail:
							"the agent opens a tunnel through the proxy for each request",
					}
				: undefined,
	},
	{
		name: "TLS options of this request alone",
		evaluate: ({ tlsOfOneRequest }) =>
			tlsOfOneRequest
				? {
						reason: "per_request_tls",
						detail:
							"the request's own checkServerIdentity gives it a pool key that no other request shares",
					}
				: undefined,
	},
	{
		name: "the connection it waited for ended",
		evaluate: ({ waited, previousInPool }) =>
			waited ? previousInPool && endOf(previousInPool) : undefined,
	},
	{
		name: "all held by unread responses",
		evaluate: ({ pool, unread, oldestUnread }) =>
			pool && pool.free === 0 && pool.busy > 0 && unread === pool.busy
				? {
						reason: "body_unconsumed",
						detail: `${count(unread, "connection")} held by responses that nobody reads, the oldest for ${ms(oldestUnread)}`,
					}
				: undefined,
	},
	{
		name: "all busy",
		evaluate: ({ pool, unread, returning }) =>
			pool && pool.free === 0 && pool.busy > 0
				? {
						reason: "pool_busy",
						detail: `${count(pool.busy, "connection")} of the pool busy${unread > 0 ? `, ${unread} of them held by responses that nobody reads` : ""}${returning > 0 ? `, ${returning} of them given back only one turn of the event loop after its response` : ""}${pool.max === undefined ? "" : `, at most ${pool.max} allowed`}`,
					}
				: undefined,
	},
	{
		name: "all sessions full",
		evaluate: ({ sessions }) =>
			sessions && sessions.full > 0 && !sessions.available
				? {
						reason: "pool_busy",
						detail: `${count(sessions.full, "HTTP/2 session")} to this host full, at most ${count(sessions.limit, "stream")} at once allowed`,
					}
				: undefined,
	},
	{
		name: "the last connection of the pool ended",
		evaluate: ({ previousInPool }) => previousInPool && endOf(previousInPool),
	},
	{
		name: "idle under other options",
		evaluate: ({ otherKey }) =>
			otherKey && {
				reason: "pool_key_mismatch",
				detail: `a connection of the same agent was idle for ${ms(otherKey.idle)} under another ${otherKey.options}`,
			},
	},
	{
		name: "idle in another agent",
		evaluate: ({ otherAgent }) =>
			otherAgent && {
				reason: "different_agent",
				detail: `a connection to this host was idle for ${ms(otherAgent.idle)} in another agent or client`,
			},
	},
	{
		name: "another session could have carried it",
		evaluate: ({ sessions }) =>
			sessions?.available && {
				reason: "different_agent",
				detail: `another HTTP/2 session to this host was open and carried ${count(sessions.available.streams, "stream")}`,
			},
	},
];

/** What is said where the request's own pool and the idle connections of others explain nothing. */
export const FALLBACK_RULES: readonly Rule[] = [
	{
		name: "busy in other pools",
		evaluate: ({ busyElsewhere }) =>
			busyElsewhere > 0
				? {
						reason: "pool_busy",
						detail: `the pool had no connection, and ${count(busyElsewhere, "connection")} to this host outside it carried a request`,
					}
				: undefined,
	},
	{
		name: "the last connection to the host ended",
		evaluate: ({ previousToHost }) => {
			if (!previousToHost) return undefined;
			const { id, reason, detail } = previousToHost;
			return { reason, detail: `in another pool: ${detail}`, previousId: id };
		},
	},
];

function endOf({ id, reason, detail }: PreviousConnection): Claim {
	return { reason, detail, previousId: id };
}

const NOTHING_SHOWN: Claim = {
	reason: "unknown",
	detail:
		"connections to this host existed, and none of their traces explains the new one",
};

export interface Verdict extends Claim {
	readonly contributing: readonly Reason[];
}

/** Decides why a connection was fresh. */
export function decideReason(facts: FreshFacts): Verdict {
	const [nearest, ...others] = claimsOf(RULES, facts);
	if (!nearest) {
		const [claim = NOTHING_SHOWN] = claimsOf(FALLBACK_RULES, facts);
		return verdictOf(claim, []);
	}
	const contributing: Reason[] = [];
	for (const { reason } of others) {
		if (reason === nearest.reason || reason === "unknown") continue;
		if (!contributing.includes(reason)) contributing.push(reason);
	}
	return verdictOf(nearest, contributing);
}

function verdictOf(
	{ reason, detail, previousId }: Claim,
	contributing: readonly Reason[],
): Verdict {
	return { reason, detail, previousId, contributing };
}

function claimsOf(rules: readonly Rule[], facts: FreshFacts): Claim[] {
	const claims: Claim[] = [];
	for (const rule of rules) {
		const claim = rule.evaluate(facts);
		if (claim) claims.push(claim);
	}
	return claims;
}
