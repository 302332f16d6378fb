import type { Summary } from "../report/model.js";

/** What the server itself counted. */
export interface Counted {
	readonly connections: number;
	readonly requests: number;
}

/** Says how the traces of a run differ from what the server counted; undefined when they agree. */
export function findDisagreement(
	title: string,
	{ requests, fresh, reused }: Pick<Summary, "requests" | "fresh" | "reused">,
	server: Counted,
): string | undefined {
	const agree =
		requests === server.requests &&
		fresh === server.connections &&
		reused === server.requests - server.connections;
	if (agree) return undefined;
	return `${title}: the traces show ${requests} puts on ${fresh} fresh and ${reused} reused connections, the server counted ${server.requests} puts on ${server.connections} connections.`;
}
