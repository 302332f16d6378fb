import type { Connection } from "./connection";
import type { Request } from "./request";

/** What is known of an invocation when it begins. */
export interface InvocationFacts {
	/** The request id that Lambda gave it. */
	readonly id: string;
	readonly functionName: string;
	readonly functionVersion: string | undefined;
	readonly functionArn: string | undefined;
	/** The first in this environment, and the environment was not made ready in advance. */
	readonly coldStart: boolean;
	/** When Lambda gives it up, in milliseconds since 1970. */
	readonly deadline: number;
	/** The span of the caller that it stands under; opaque here. */
	readonly parent?: unknown;
	/** The span of the caller that it names; opaque here. */
	readonly link?: unknown;
}

/** Connections made before the first invocation of a Lambda environment, or from then on. */
export type LambdaPhase = "init" | "invoke";

/** One invocation of a Lambda function: from the moment at which the runtime got it to its response. */
export class Invocation {
	/** When it was over, in milliseconds of the monotonic clock. */
	endedAt?: number;
	/** What the runtime reports as the type of the error that it failed with. */
	error?: string | undefined;
	/** How long the process did not run since the invocation before, in milliseconds. */
	frozen?: number | undefined;
	fresh = 0;
	reused = 0;
	/** Sum of what its requests and connections paid for new connections, in milliseconds. */
	setupTime = 0;
	/** The trace has told of it already, as unfinished. */
	cut = false;
	/** The span that tells of it; opaque here. */
	span?: unknown;

	constructor(
		readonly facts: InvocationFacts,
		readonly startedAt: number,
	) {}

	/** Counts a request that is over, or about to be cut short. */
	count({ reused, caused }: Request): void {
		if (!this.open || reused === undefined) return;
		if (reused) this.reused += 1;
		else this.pay(caused);
	}

	/** Counts a connection that was made for no request. */
	countConnection(connection: Connection): void {
		if (this.open) this.pay(connection);
	}

	private get open(): boolean {
		return this.endedAt === undefined && !this.cut;
	}

	private pay(connection: Connection | undefined): void {
		this.fresh += 1;
		if (!connection?.observed) return;
		const { start, end } = connection.setup;
		if (end !== undefined) this.setupTime += end - start;
	}
}

/** Says which invocation the code that runs right now belongs to. */
export interface InvocationSource {
	readonly current: Invocation | undefined;
	readonly phase: LambdaPhase;
}
