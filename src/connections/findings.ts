import type { Connection } from "./connection";
import type { Request } from "./request";
import { ms } from "./wording";

/** A setting of the program that costs connections, found by what it did. */
export interface Finding {
	readonly code: FindingCode;
	/** The evidence, in words. */
	readonly detail: string;
}

export const FINDING_CODES = [
	"no_client_idle_limit",
	"reuse_variable_without_effect",
	"client_per_call",
	"max_sockets_saturated",
	"responses_unread",
	"thread_pool_saturated",
] as const;

export type FindingCode = (typeof FINDING_CODES)[number];

/** The number of agents from which on one agent per call is a pattern and no coincidence. */
const AGENTS_OF_A_PATTERN = 3;

/** A shorter wait for a thread is none that anybody would notice, in milliseconds. */
const NOTICEABLE_WAIT = 1;

/** What can be said of a request that needed a connection or had to wait for one. */
export interface FindingFacts {
	readonly request: Request;
	/** Agents that made connections to this host, and the requests that those carried. */
	readonly agents: number;
	readonly requests: number;
	/** Value of AWS_NODEJS_CONNECTION_REUSE_ENABLED, if it is set. */
	readonly reuseVariable: string | undefined;
}

export function findingsOf(facts: FindingFacts): Finding[] {
	return [
		clientPerCall(facts),
		reuseVariableWithoutEffect(facts),
		maxSocketsSaturated(facts.request),
		responsesUnread(facts.request),
		threadPoolSaturated(facts.request.caused),
		noClientIdleLimit(facts.request.caused),
	].filter((finding) => finding !== undefined);
}

function clientPerCall({
	request,
	agents,
	requests,
}: FindingFacts): Finding | undefined {
	if (agents < AGENTS_OF_A_PATTERN || requests > agents * 1.5) return undefined;
	return {
		code: "client_per_call",
		detail: `${agents} agents or clients for ${requests} requests to ${request.exchange.host}`,
	};
}

/** SDK v3 does not read the variable; SDK v2 takes `1` alone. */
function reuseVariableWithoutEffect({
	request,
	reuseVariable,
}: FindingFacts): Finding | undefined {
	if (reuseVariable === undefined) return undefined;
	const { exchange } = request;
	const client = `${exchange.requestHeader("user-agent") ?? ""} ${exchange.requestHeader("x-amz-user-agent") ?? ""}`;
	const sdk = /aws-sdk-(?:nodejs|js)\/(\d+)/.exec(client)?.[1];
	if (sdk === "3") {
		return {
			code: "reuse_variable_without_effect",
			detail:
				"AWS_NODEJS_CONNECTION_REUSE_ENABLED is set, and AWS SDK v3 does not read it",
		};
	}
	if (sdk === "2" && reuseVariable !== "1") {
		return {
			code: "reuse_variable_without_effect",
			detail:
				"AWS_NODEJS_CONNECTION_REUSE_ENABLED has an effect only with the value 1",
		};
	}
	return undefined;
}

function maxSocketsSaturated({
	wait,
	connection,
}: Request): Finding | undefined {
	if (!wait || wait.pool.max === undefined) return undefined;
	// Streams wait for what the server allows.
	if (connection?.multiplexed) return undefined;
	return {
		code: "max_sockets_saturated",
		detail: `requests wait while all ${wait.pool.max} connections that maxSockets allows are in use`,
	};
}

function responsesUnread({ decision, wait }: Request): Finding | undefined {
	if (decision?.reason !== "body_unconsumed" && !wait?.unread) return undefined;
	return {
		code: "responses_unread",
		detail: wait?.unread ? wait.detail : (decision?.detail ?? ""),
	};
}

function threadPoolSaturated(
	connection: Connection | undefined,
): Finding | undefined {
	const lookup = connection?.setup.lookup;
	const wait = lookup?.query?.wait ?? 0;
	if (lookup?.end === undefined || wait < NOTICEABLE_WAIT) return undefined;
	return {
		code: "thread_pool_saturated",
		detail: `the lookup of ${lookup.name} waited ${ms(wait)} of its ${ms(lookup.end - lookup.start)} for a thread, behind ${lookup.inFlight} others`,
	};
}

function noClientIdleLimit(
	connection: Connection | undefined,
): Finding | undefined {
	const idleLimit = connection?.hints?.idleLimit;
	if (idleLimit === undefined || connection?.clientIdleLimit !== "none") {
		return undefined;
	}
	return {
		code: "no_client_idle_limit",
		detail: `the server closes idle connections after ${idleLimit} ms, and the agent has no idle limit of its own`,
	};
}
