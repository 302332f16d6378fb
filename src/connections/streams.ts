import type { Connection } from "./connection";
import type { Request } from "./request";
import type { ConnectionTracker } from "./tracker";

/**
 * The requests of an HTTP/2 session. They share its connection; those beyond what the server allows at once wait in
 * the session, first in, first out, and so do those that are made before it is connected (RFC 9113, 5.1.2).
 */
export class Streams {
	private readonly waiting: Request[] = [];
	/** Streams that the server counts: open in either direction. */
	private open = 0;
	private connected = false;

	constructor(
		private readonly tracker: ConnectionTracker,
		private readonly connection: Connection,
		private readonly now: () => number,
	) {}

	/** A request was made. */
	begin(request: Request): void {
		this.tracker.requestAssigned(request, this.connection);
		if (this.mayOpen && this.waiting.length === 0) {
			this.start(request);
			return;
		}
		if (request.caused !== this.connection) this.wait(request);
		this.waiting.push(request);
	}

	/** The session is connected, the server allows more streams, or one of them is over. */
	proceed(): void {
		while (this.mayOpen) {
			const request = this.waiting.shift();
			if (!request) return;
			request.assignedAt = this.now();
			if (request.writtenAt !== undefined) {
				request.writtenAt = request.assignedAt;
			}
			this.start(request);
		}
	}

	connect(): void {
		this.connected = true;
		this.proceed();
	}

	/** Both directions of the request's stream are over. */
	end(request: Request): void {
		if (request.number === undefined) {
			const index = this.waiting.indexOf(request);
			if (index >= 0) this.waiting.splice(index, 1);
			return;
		}
		this.open -= 1;
		this.proceed();
	}

	private get mayOpen(): boolean {
		return this.connected && this.open < (this.connection.maxStreams ?? 1);
	}

	private start(request: Request): void {
		this.open += 1;
		this.tracker.requestStarted(request);
	}

	private wait(request: Request): void {
		const { maxStreams } = this.connection;
		request.wait = {
			pool: {
				free: 0,
				busy: this.open,
				queued: this.waiting.length,
				max: this.connected ? maxStreams : undefined,
			},
			detail: this.connected
				? `all ${maxStreams} streams that the server allows at once are open`
				: "the connection is being made for an earlier request",
			unread: 0,
		};
	}
}
