import type { FindingCode } from "../connections/findings";
import type { LambdaPhase } from "../connections/invocation";
import type { Reason } from "../connections/reason";
import type { PhaseName } from "../spans/setup-span";

/**
 * The facts of the trace contract as plain objects. A field says what the attribute of its name says; a fact that did
 * not happen is absent. Times are milliseconds since 1970, durations milliseconds.
 */

/** A server and the way to it. */
export interface EndpointFacts {
	/** Host and port of the server, also behind a proxy. */
	readonly serverAddress: string;
	readonly serverPort: number;
	/** The proxy that the connection goes to, as it was configured, without credentials. */
	readonly proxyAddress?: string;
	readonly proxyPort?: number;
	/** What the connection is to; the proxy, if there is one. */
	readonly peerAddress?: string;
	readonly peerPort?: number;
	readonly localPort?: number;
}

/** Why a connection was made, and what to do about it. */
export interface ReasonFacts {
	/** Why no existing connection served the request. */
	readonly reason?: Reason;
	/** The evidence, with the measured value and the limit where there is one. */
	readonly reasonDetail?: string;
	/** Further reasons that hold as well. */
	readonly contributing?: readonly Reason[];
	/** The connection whose end made this one necessary. */
	readonly previousId?: string;
	/** The setting that would change it; absent where nothing is to be changed. */
	readonly advice?: string;
	/** The pool before the decision. */
	readonly pool?: PoolFacts;
}

export interface PoolFacts {
	readonly free: number;
	readonly busy: number;
	readonly queued: number;
	/** Absent without a limit. */
	readonly max?: number;
}

/** What a new connection took, each part only if it happened. */
export interface SetupFacts {
	readonly setupMs?: number;
	readonly dnsLookupMs?: number;
	/** From the first attempt to the outcome of the last. */
	readonly tcpConnectMs?: number;
	readonly proxyTunnelMs?: number;
	/** With proxy and server together. */
	readonly tlsHandshakeMs?: number;
}

/** A setting that costs connections, found by what it did. */
export interface FindingFacts {
	readonly code: FindingCode;
	/** The evidence. */
	readonly detail: string;
	/** What to change. */
	readonly advice: string;
}

/** What the wire says about an AWS call. */
export interface AwsFacts {
	/** `DynamoDB` */
	readonly service?: string;
	/** `PutItem` */
	readonly operation?: string;
	readonly region?: string;
	readonly tableNames?: readonly string[];
	/** The number that AWS gave the request. */
	readonly requestId?: string;
	/** Joins the attempts of one call of the SDK. */
	readonly invocationId?: string;
	/** From 1. */
	readonly attempt?: number;
	readonly maxAttempts?: number;
}

/** One HTTP attempt on the wire that is over: its response has ended, or it failed. */
export interface RequestFacts extends EndpointFacts, ReasonFacts, SetupFacts {
	readonly method: string;
	/** Without user information, query values replaced by `REDACTED`. */
	readonly url: string;
	/** `https://example.com:8443` */
	readonly origin: string;
	/** Of HTTP: `1.1`, `2` */
	readonly protocolVersion: string;
	readonly statusCode?: number;
	/** The code of what went wrong (`ECONNRESET`), or the status of a response from 400 on. */
	readonly error?: string;
	readonly startTime: number;
	/** From its creation to the end of its response. */
	readonly durationMs: number;
	/** From the written request to the first byte of its response. */
	readonly ttfbMs?: number;
	/** In the queue of its pool, if it waited there. */
	readonly waitMs?: number;
	/** For how long at least the process did not run since the request before. */
	readonly frozenMs?: number;
	/** The connection that carried it, or that was made for it and failed; unique across processes. */
	readonly connectionId?: string;
	/** Whether its connection had carried a request before. Absent if it never had a connection. */
	readonly reused?: boolean;
	/** Its place among the requests on its connection, from 1. */
	readonly requestNumber?: number;
	/** Reused only: how long the connection had been ready. */
	readonly ageMs?: number;
	/** Reused only: how long it had carried nothing. */
	readonly idleMs?: number;
	readonly findings?: readonly FindingFacts[];
	/** Present for calls to AWS. */
	readonly aws?: AwsFacts;
}

/** A part of a connection's making, as its span tells it. */
export interface PhaseFacts {
	readonly name: PhaseName;
	readonly startTime: number;
	/** Absent where the end was not seen. */
	readonly durationMs?: number;
	readonly error?: string;
	/** Of the span of that name in the trace contract. */
	readonly attributes: Readonly<Record<string, unknown>>;
}

interface ConnectionBase extends EndpointFacts, ReasonFacts, SetupFacts {
	readonly connectionId: string;
	/** When its making began. */
	readonly startTime: number;
	/** In the order in which they happened. */
	readonly phases: readonly PhaseFacts[];
	/** How many connections without a request to this server failed one after the other, if more than one. */
	readonly failuresInRow?: number;
	/** In Lambda: made before the first invocation, or from then on. */
	readonly lambdaPhase?: LambdaPhase;
}

/** `opened`: ready for its first use. `secured`: TLS was put on it after it had been opened. */
export interface ConnectionReady extends ConnectionBase {
	readonly event: "opened" | "secured";
}

/** It never came about. */
export interface ConnectionFailed extends ConnectionBase {
	readonly event: "failed";
	/** Error code (`ECONNREFUSED`); `aborted` if it was given up. */
	readonly error: string;
}

/** It is over, or has left HTTP by Upgrade or CONNECT (`closeReason` is `upgraded`). */
export interface ConnectionClosed extends ConnectionBase {
	readonly event: "closed";
	/** Why, by the name that the connection that replaces it gives as its reason. */
	readonly closeReason: Reason;
	/** The evidence. */
	readonly closeDetail: string;
	/** Since it was ready. */
	readonly lifeMs?: number;
	/** Since its pool had it back, if it ended there. */
	readonly idleMs?: number;
	/** That it carried. */
	readonly requests: number;
	/** Of TLS or a tunnel that was tried after it had been opened. */
	readonly error?: string;
}

export type ConnectionFacts =
	| ConnectionReady
	| ConnectionFailed
	| ConnectionClosed;
