import type { PageConnection, PageRequest } from "../page";
import type { Shape } from "./dom";
import type { RunView } from "./run-view";

/** A connection with the requests that it carried, in the order of time. */
export interface Lane {
	/** 1 for the first of the run. */
	readonly number: number;
	readonly connection: PageConnection;
	readonly requests: readonly PageRequest[];
	readonly longestIdle: number | undefined;
	/** When it was last known to be there: until its last request or, where it ended idle, until that was noticed. */
	readonly until: number;
	readonly end: End | undefined;
}

/** Who ended a connection. */
export interface End {
	readonly label: string;
	readonly shape: Shape;
	readonly color: string;
}

const HERE: End = {
	label: "closed by this program",
	shape: "square",
	color: "ink",
};
const THERE: End = {
	label: "closed by the server",
	shape: "circle",
	color: "tls",
};
const FAILED: End = { label: "failed", shape: "triangle", color: "failed" };

export const ENDS = [HERE, THERE, FAILED];

/** By the reason given for the successor; by this program, unless named here. */
const END_OF_REASON: Readonly<Record<string, End>> = {
	peer_closed_idle: THERE,
	peer_reset_idle: THERE,
	unexpected_data_idle: THERE,
	server_connection_close: THERE,
	server_goaway: THERE,
	stale_reset: THERE,
	connect_failed: FAILED,
	socket_error: FAILED,
	socket_timeout: FAILED,
};

/** Reasons whose connection went away while it was idle; any other ended with its last request. */
const ENDED_IDLE = new Set([
	"agent_idle_timeout",
	"peer_closed_idle",
	"peer_reset_idle",
	"unexpected_data_idle",
	"agent_destroyed",
	"server_goaway",
]);

export function lanesOf({ connections, requests }: RunView): Lane[] {
	const carried = Map.groupBy(requests, ({ connectionId }) => connectionId);
	return connections.map((connection, index) => {
		const own = carried.get(connection.id) ?? [];
		return {
			number: index + 1,
			connection,
			requests: own,
			longestIdle: longestIdle(own),
			until: lastKnown(connection),
			end: endOf(connection),
		};
	});
}

function longestIdle(requests: readonly PageRequest[]): number | undefined {
	const idle = requests.flatMap(({ idleMs }) => idleMs ?? []);
	return idle.length === 0
		? undefined
		: idle.reduce((longest, one) => Math.max(longest, one));
}

function lastKnown({
	start,
	ready,
	lastRequestEndedAt,
	ending,
	endedNotAfter,
}: PageConnection): number {
	const used = lastRequestEndedAt ?? ready ?? start;
	return ending !== undefined && ENDED_IDLE.has(ending)
		? Math.max(used, endedNotAfter ?? used)
		: used;
}

function endOf({ error, ending }: PageConnection): End | undefined {
	if (error !== undefined) return FAILED;
	return ending === undefined ? undefined : (END_OF_REASON[ending] ?? HERE);
}

export function endWords({ connection, end }: Lane): string {
	const { error, ending, endingDetail } = connection;
	if (error !== undefined) return `failed: ${error}`;
	if (ending === undefined || !end) return "not seen";
	return [`${end.label}: ${ending}`, endingDetail]
		.filter((words) => words !== undefined)
		.join(", ");
}
