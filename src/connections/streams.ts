import type { Connection } from "./connection";
import type { Request } from "./request";
import type { ConnectionTracker } from "./tracker";

/**
 * The requests of an HTTP/2 session. They share its connection; those beyond what the server allows at once wait in
 * the session, first in, first out, and so do those that are made before it is connected (RFC 9113, 5.1.2).
 */
export class Streams {
	private readonly waiting: Request[] = [];
	/** Those that were given to the server and are not over. */
	private readonly given = new Set<Request>();
	private connected = false;

	constructor(
		private readonly tracker: ConnectionTracker,
		private readonly connection: Connection,
		private readonly now: () => number,
	) {}

	/** A request was made. */
	begin(request: Request): void {
		this.connection.openStreams += 1;
		this.tracker.requestAssigned(request, this.connection);
		this.waiting.push(request);
		this.proceed();
		if (request.number === undefined && !request.caused) this.wait(request);
	}

	/** The session is connected. */
	connect(): void {
		this.connected = true;
		this.proceed();
	}

	/** Gives the server as many of the waiting requests as it allows. */
	proceed(): void {
		while (this.connected && this.given.size < this.maxStreams) {
			if (!this.startNext()) return;
		}
	}

	/** It is seen that the request had been given to the server, and so all before it. */
	sent(request: Request): void {
		const last = this.waiting.indexOf(request);
		for (let index = 0; index <= last; index++) this.startNext();
	}

	/** Its stream was closed: one that waits for others is not sent any more, one that waits for the connection is. */
	close(request: Request): void {
		if (this.connected) this.giveUp(request);
	}

	/** Its stream was destroyed: if it still waits, it is not sent any more. */
	giveUp(request: Request): void {
		const index = this.waiting.indexOf(request);
		if (index >= 0) this.waiting.splice(index, 1);
	}

	/** Both directions of the request's stream are over. */
	end(request: Request): void {
		this.connection.openStreams -= 1;
		this.given.delete(request);
		this.giveUp(request);
		this.proceed();
	}

	private startNext(): boolean {
		const request = this.waiting.shift();
		if (!request) return false;
		if (request.wait) this.endWait(request);
		this.tracker.requestStarted(request);
		this.given.add(request);
		return true;
	}

	private get maxStreams(): number {
		return this.connection.maxStreams ?? 1;
	}

	private wait(request: Request): void {
		request.wait = {
			pool: {
				free: 0,
				busy: this.given.size,
				queued: this.waiting.length - 1,
				max: this.connected ? this.maxStreams : undefined,
			},
			detail: this.connected
				? `all ${this.maxStreams} streams that the server allows at once are open`
				: "the connection is being made for an earlier request",
			unread: 0,
		};
	}

	private endWait(request: Request): void {
		request.assignedAt = this.now();
		// Node counts as written what the session keeps back.
		if (request.writtenAt !== undefined) request.writtenAt = request.assignedAt;
	}
}
