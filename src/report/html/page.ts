import type {
	ConnectionRow,
	EndingRow,
	Excerpt,
	Report,
	RequestRow,
	Run,
} from "../model";
import { type Columns, toColumns } from "./columns";

/** A report as the page carries it: the same, with its long lists as columns and without what the page does not show. */
export interface Page extends Omit<Report, "runs"> {
	readonly runs: readonly PageRun[];
}

export interface PageRun extends Omit<Run, "requests" | "connections"> {
	/** Of {@link PageRequest}, in the order of their start. */
	readonly requests: PageList;
	/** Of {@link PageConnection}, in the order of their start. */
	readonly connections: PageList;
}

interface PageList extends Omit<Excerpt<never>, "rows"> {
	readonly rows: Columns;
}

const REQUEST_FIELDS = [
	"traceId",
	"start",
	"durationMs",
	"name",
	"host",
	"connectionUse",
	"unfinished",
	"reason",
	"reasonDetail",
	"contributing",
	"status",
	"error",
	"waitMs",
	"setupMs",
	"dnsMs",
	"tcpMs",
	"tlsMs",
	"firstByteMs",
	"connectionId",
	"requestNumber",
	"ageMs",
	"idleMs",
	"frozenMs",
	"attempt",
	"service",
	"process",
] as const satisfies readonly (keyof RequestRow)[];

/** All points in time are milliseconds since the start of the run. */
export type PageRequest = Pick<RequestRow, (typeof REQUEST_FIELDS)[number]>;

/** A connection with what a lane of it shows. */
export interface PageConnection
	extends Pick<ConnectionRow, "id" | "host" | "requests"> {
	readonly lastRequestEndedAt?: number | undefined;
	/** Begin of its set-up, or of its first request where that is not known. */
	readonly start: number;
	/** End of its set-up, if that is known. */
	readonly ready?: number | undefined;
	/** Error code of one that did not come about. */
	readonly error?: string | undefined;
	readonly ending?: EndingRow["reason"] | undefined;
	readonly endingDetail?: string | undefined;
	readonly endedNotAfter?: number | undefined;
}

const CONNECTION_FIELDS = [
	"id",
	"host",
	"requests",
	"start",
	"ready",
	"error",
	"lastRequestEndedAt",
	"ending",
	"endingDetail",
	"endedNotAfter",
] as const satisfies readonly (keyof PageConnection)[];

export function toPage(report: Report): Page {
	return { ...report, runs: report.runs.map(toPageRun) };
}

function toPageRun(run: Run): PageRun {
	const { start: runStart = 0, requests, connections } = run;
	return {
		...run,
		requests: toList(
			requests,
			requests.rows.map((row) => ({ ...row, start: row.start - runStart })),
			REQUEST_FIELDS,
		),
		connections: toList(
			connections,
			connections.rows.map((row) => toPageConnection(row, runStart)),
			CONNECTION_FIELDS,
		),
	};
}

function toList<T extends object>(
	{ leftOut, notableLeftOut }: Excerpt<unknown>,
	rows: readonly T[],
	fields: readonly (keyof T & string)[],
): PageList {
	return { leftOut, notableLeftOut, rows: toColumns(rows, fields) };
}

/** Reasons that hold for every connection of their agent: the one made for it ends after its request as well. */
const ENDS_AFTER_REQUEST: ReadonlySet<ConnectionRow["reason"]> = new Set([
	"keep_alive_disabled",
	"per_request_tls",
]);

function toPageConnection(
	{
		id,
		host,
		requests,
		setup,
		reason,
		firstRequestAt,
		lastRequestEndedAt,
		ending,
	}: ConnectionRow,
	runStart: number,
): PageConnection {
	const since = (at: number | undefined) =>
		at === undefined ? undefined : at - runStart;
	return {
		id,
		host,
		requests,
		start: since(setup?.start ?? firstRequestAt) ?? 0,
		ready: since(setup?.end),
		error: setup?.error,
		lastRequestEndedAt: since(lastRequestEndedAt),
		ending:
			ending?.reason ?? (ENDS_AFTER_REQUEST.has(reason) ? reason : undefined),
		endingDetail: ending?.detail,
		endedNotAfter: since(ending?.notAfter),
	};
}
