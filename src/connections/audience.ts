import type { Connection } from "./connection";
import type { Request } from "./request";
import type { Lookup } from "./setup";
import type { TrackerListener } from "./tracker";

/** Several listeners in the place of one, told in order; each hears what it has a method for. */
export class Audience implements TrackerListener {
	constructor(
		private readonly listeners: readonly Partial<TrackerListener>[],
	) {}

	requestAssigned(request: Request): void {
		for (const listener of this.listeners) listener.requestAssigned?.(request);
	}

	requestEnded(request: Request): void {
		for (const listener of this.listeners) listener.requestEnded?.(request);
	}

	setupEnded(connection: Connection): void {
		for (const listener of this.listeners) listener.setupEnded?.(connection);
	}

	connectionEnded(connection: Connection): void {
		for (const listener of this.listeners) {
			listener.connectionEnded?.(connection);
		}
	}

	lookupEnded(lookup: Lookup, context: unknown): void {
		for (const listener of this.listeners) {
			listener.lookupEnded?.(lookup, context);
		}
	}
}
