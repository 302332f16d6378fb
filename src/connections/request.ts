import type { Connection } from "./connection";
import type { Decision } from "./decision";
import type { Finding } from "./findings";
import type { Invocation } from "./invocation";
import type { PoolSnapshot } from "./pool";
import type { Listed } from "./roster";
import type { Setup } from "./setup";

/** The request and its response as they stand on the wire; read late, so that an unsampled request costs nothing. */
export interface Exchange {
	readonly method: string;
	/** Without user information. */
	readonly url: string;
	readonly host: string;
	readonly port: number;
	/** The request line names the whole URL, for a proxy. */
	readonly forForwarding?: boolean;
	requestHeader(name: string): string | undefined;
	/** The part of the request body that has not left the process yet. */
	pendingBody(): string | undefined;
	readonly statusCode: number | undefined;
	readonly httpVersion: string | undefined;
	responseHeader(name: string): string | undefined;
	/** A response whose body nobody is reading. */
	readonly responseUnread: boolean;
}

/** Time spent in the queue of an agent. */
export interface Wait {
	readonly pool: PoolSnapshot;
	/** What held the connections of the pool. */
	readonly detail: string;
	/** Connections of the pool held by responses that nobody reads. */
	readonly unread: number;
}

/** One HTTP attempt on the wire. Times are milliseconds of the process's monotonic clock. */
export class Request implements Listed {
	place = -1;
	connection?: Connection | undefined;
	/** The connection made for this request, whether or not it carried it in the end. */
	caused?: Connection;
	decision?: Decision;
	wait?: Wait;
	assignedAt?: number | undefined;
	/** All of it was given to the connection, which may still be in the making. */
	handedOverAt?: number;
	/** All of it was written. */
	writtenAt?: number;
	firstByteAt?: number;
	respondedAt?: number;
	endedAt?: number;
	error?: string;
	/** Position among the requests on its connection, from 1. */
	number?: number;
	/** Age and idle time of a reused connection when it was assigned. */
	connectionAge?: number | undefined;
	connectionIdle?: number | undefined;
	frozen?: number;
	/** The socket says right now that its inactivity limit has passed: what is destroyed, is so for that. */
	timedOut = false;
	findings?: readonly Finding[];
	/** The Lambda invocation that it was made in. */
	invocation?: Invocation | undefined;
	/** Its agent, none of Node's, had connected for it before it could be seen. */
	seenLate = false;
	/** When it failed; its connection may end later. */
	failedAt?: number;
	/** The trace has told of it already, as unfinished. */
	cut = false;
	/** The span that tells of the request; opaque here. */
	span?: unknown;
	/** What its span says, once it is over; opaque here. */
	description?: unknown;
	/** DynamoDB tables named in the request body. */
	tableNames?: string[] | undefined;

	constructor(
		readonly exchange: Exchange,
		public createdAt: number,
		/** The span that it is made below; opaque here. */
		public context: unknown,
	) {}

	/** Forgets a connection that the agent assigned and that the request did not live to use. */
	giveUpUnusedConnection(): void {
		if (this.connection === this.caused) return;
		this.connection = undefined;
		this.assignedAt = undefined;
		this.connectionAge = undefined;
		this.connectionIdle = undefined;
	}

	/** The code of what went wrong, or the status of a response that says so. */
	get failure(): string | undefined {
		const { statusCode } = this.exchange;
		if (this.error !== undefined) return this.error;
		return statusCode !== undefined && statusCode >= 400
			? String(statusCode)
			: undefined;
	}

	/** Milliseconds in the queue of an agent; absent if it did not wait there, or did not get a connection. */
	get waited(): number | undefined {
		const { wait, assignedAt } = this;
		return wait && assignedAt !== undefined
			? assignedAt - this.createdAt
			: undefined;
	}

	/**
	 * Milliseconds from the written request to the first byte of its response; absent where the server answered before
	 * it had the whole request.
	 */
	get timeToFirstByte(): number | undefined {
		const { writtenAt, firstByteAt } = this;
		if (writtenAt === undefined || firstByteAt === undefined) return undefined;
		return firstByteAt < writtenAt ? undefined : firstByteAt - writtenAt;
	}

	/** The setup that it paid for: absent where another made its connection, and where nobody watched how it was made. */
	get paidSetup(): Setup | undefined {
		const { caused } = this;
		return this.reused === false && caused?.observed && !caused.outlivesCause
			? caused.setup
			: undefined;
	}

	/** Why no existing connection served it; absent if one did. */
	get freshDecision(): Decision | undefined {
		return this.reused === false
			? (this.decision ?? this.connection?.decision)
			: undefined;
	}

	/** Its number, unless the connection has carried requests that were not watched. */
	get knownNumber(): number | undefined {
		return this.connection?.usedBefore ? undefined : this.number;
	}

	/** The pool before it was decided that a connection is made for it, or that it has to wait. */
	get pool(): PoolSnapshot | undefined {
		return this.freshDecision?.pool ?? this.wait?.pool;
	}

	/** Has its connection carried a request before? Absent while no connection is known. */
	get reused(): boolean | undefined {
		if (this.connection?.usedBefore) return true;
		if (this.number !== undefined) return this.number > 1;
		if (this.connection && this.connection !== this.caused) {
			return this.connection.requestCount > 0;
		}
		return this.caused ? false : undefined;
	}
}
