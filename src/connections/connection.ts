import type { Decision } from "./decision";
import type { Ending } from "./ending";
import type { Invocation, LambdaPhase } from "./invocation";
import type { HostRecord } from "./journal";
import type { Request } from "./request";
import type { Listed } from "./roster";
import { Setup } from "./setup";

/** Which agent a connection belongs to, and under which key that agent keeps it. */
export interface PoolIdentity {
	readonly agentId: number;
	readonly key: string;
}

/** A proxy that a connection is made to in place of its server. */
export interface ProxyHop extends Origin {
	/** What goes through the tunnel that a CONNECT opens; absent where the proxy takes requests with the whole URL. */
	readonly tunnel?: "plain" | "tls" | undefined;
}

export interface Origin {
	readonly host: string;
	readonly port: number;
}

/** A request that caused a connection. */
export type Cause = Pick<Request, "context" | "span" | "endedAt">;

/** What the last response on a connection said about its future. */
export interface ServerHints {
	readonly statusCode: number;
	readonly httpVersion: string;
	/** The `Connection` header, lower case. */
	readonly connection?: string | undefined;
	/** The idle limit announced by `Keep-Alive: timeout=n`, in milliseconds. */
	readonly idleLimit?: number | undefined;
}

/** One transport connection, from the attempt to make it to its end. */
export class Connection implements Listed {
	/** Among the idle connections to its server. */
	place = -1;
	readonly setup: Setup;
	/** Whether its making was watched, so that its setup is known. */
	observed = true;
	/** It has carried requests that were not watched; how many is not known. */
	usedBefore = false;
	/** Why it was made; absent for a connection without a request behind it. */
	decision?: Decision;
	/** Where its socket connects to, if that is not the server. */
	target?: Origin;
	proxy?: ProxyHop;
	/** The request that caused it; of one that is over, no more than is needed. */
	cause?: Cause | undefined;
	/** Its client made it without a request that needs it, and none has used it since. */
	unasked = false;
	pool?: PoolIdentity | undefined;
	/** When the first request could be written. */
	readyAt?: number;
	/** Requests carried so far. */
	requestCount = 0;
	/** Requests that it carries now. */
	openRequests = 0;
	/** HTTP/2: streams that are not closed yet; one may outlive its response for a moment, or for the request's body. */
	openStreams = 0;
	/** HTTP/2: the streams that the server allows at once. Absent on a connection that carries one request at a time. */
	maxStreams?: number;
	/** HTTP/2: the streams that the client itself wants at once, if it said so in its settings. */
	clientMaxStreams?: number;
	/** The request that has the connection for itself; absent with HTTP/2. */
	holder?: Request | undefined;
	/** When the last request that it carried was over. */
	lastRequestEndedAt?: number;
	/** When it went back to its pool; absent while it is held. */
	idleSince?: number | undefined;
	hints?: ServerHints;
	/** Whether the agent that keeps it closes it after some idle time. */
	clientIdleLimit?: "none" | "set";
	/** What is known of its server. */
	record?: HostRecord | undefined;
	/** The AWS service it was made for. */
	service?: string | undefined;
	/** How many connections to this server failed one after the other, with this one; 0 unless it is without a request. */
	failuresInRow = 0;
	ending?: Ending;
	/** The Lambda invocation that it was made in. */
	invocation?: Invocation | undefined;
	/** Present in a Lambda environment. */
	lambdaPhase?: LambdaPhase | undefined;
	/** The trace has told of its setup already, as unfinished. */
	cut = false;
	/** The span that tells of its setup; opaque here. */
	span?: unknown;
	/** What the spans of its requests have in common; opaque here. */
	endpoints?: unknown;
	/** The link by which they name it; opaque here. */
	link?: unknown;

	constructor(
		readonly id: string,
		/** The server, also behind a proxy. */
		public origin: Origin,
		readonly secure: boolean,
		start: number,
		/** The span that was active when it was begun; opaque here. */
		readonly context: unknown,
	) {
		this.setup = new Setup(start);
	}

	/** Nothing but a socket of the program so far, such as a database driver's: no client of HTTP is behind it. */
	get bare(): boolean {
		return (
			this.observed &&
			this.requestCount === 0 &&
			!this.usedBefore &&
			!this.cause &&
			!this.pool
		);
	}

	get open(): boolean {
		return this.ending === undefined;
	}

	/** Whether it can carry several requests at once. */
	get multiplexed(): boolean {
		return this.maxStreams !== undefined;
	}

	/** Whether its setup went on when the request that caused it was over. */
	get outlivesCause(): boolean {
		const { cause, setup } = this;
		return (
			cause?.endedAt !== undefined &&
			(setup.end === undefined || setup.end > cause.endedAt)
		);
	}

	get busy(): boolean {
		return this.holder !== undefined || this.openRequests > 0;
	}
}
