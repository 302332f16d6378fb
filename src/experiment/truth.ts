import type { Summary } from "../report/model";

/** What the server itself counted. */
export interface Counted {
	connections: number;
	requests: number;
}

/** Says how the traces of a run differ from what the server counted; undefined when they agree. */
export function findDisagreement(
	title: string,
	{ requests, fresh }: Pick<Summary, "requests" | "fresh">,
	server: Readonly<Counted>,
): string | undefined {
	if (requests === server.requests && fresh === server.connections) {
		return undefined;
	}
	return `${title}: the traces show ${requests} puts and ${fresh} fresh connections, the server counted ${server.requests} and ${server.connections}`;
}
