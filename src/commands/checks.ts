import type { Reason } from "../connections/reason";
import type { RequestRow, Run } from "../report/model";
import { count, drawTable, milliseconds, percent } from "../report/table";
import type { Emphasis } from "../report/terminal";

/** What a run has to keep to. */
export interface Checks {
	/** No request may have had a fresh connection for one of these. */
	readonly failOn: readonly Reason[];
	/** The share of requests on reused connections, from 0 to 1. */
	readonly minReuse?: number | undefined;
}

/** What a run did not keep to. */
export interface Violation {
	/** One sentence. */
	readonly message: string;
	/** The requests that offend, in the order of their start; there may be more than are kept. */
	readonly requests: readonly RequestRow[];
}

/** More would fill the screen; the files have them all. */
const LISTED = 20;

export function findViolations(
	{ overall, requests }: Run,
	{ failOn, minReuse }: Checks,
): Violation[] {
	const violations: Violation[] = [];
	const fresh = requests.rows.filter((row) => row.connectionUse === "fresh");
	for (const reason of failOn) {
		const cost = overall.reasons.find((cost) => cost.reason === reason);
		if (!cost) continue;
		violations.push({
			message: `${count(Math.round(cost.count), "request")} had a fresh connection for the reason ${reason}`,
			requests: fresh.filter((row) => row.reason === reason),
		});
	}
	if (minReuse !== undefined && (overall.reuseRatio ?? 0) < minReuse) {
		violations.push({
			message:
				overall.reuseRatio === undefined
					? `no request got a connection, so that ${percent(minReuse)} reuse cannot be shown`
					: `${percent(overall.reuseRatio)} of the requests reused a connection, less than ${percent(minReuse)}`,
			requests: fresh,
		});
	}
	return violations;
}

export function renderViolations(
	violations: readonly Violation[],
	{ red }: Emphasis,
): string {
	return violations
		.map(({ message, requests }) => {
			const lines = [red(`conntrace: failed: ${message}`)];
			if (requests.length > 0) {
				lines.push(
					drawTable(
						["at", "request", "host", "why fresh", "set-up ms", "evidence"],
						requests.slice(0, LISTED).map(requestCells),
					),
				);
			}
			if (requests.length > LISTED) {
				lines.push(`... and ${requests.length - LISTED} more`);
			}
			return `${lines.join("\n")}\n`;
		})
		.join("");
}

function requestCells(row: RequestRow): string[] {
	return [
		new Date(row.start).toISOString(),
		row.name,
		row.host,
		row.reason ?? "-",
		milliseconds(row.setupMs),
		row.reasonDetail ?? "",
	];
}
