import Table from "cli-table3";
import type { Summary } from "./analysis.js";

/**
 * Draws one row per summary, for a terminal.
 * @param requests what the requests are called
 */
export function renderTable(
	rows: readonly { readonly title: string; readonly summary: Summary }[],
	requests = "requests",
): string {
	return drawTable(
		[
			"",
			requests,
			"fresh",
			"reused",
			"DNS lookups",
			"p50 ms",
			"p95 ms",
			"set-up ms",
			"why fresh",
		],
		rows.map(({ title, summary }) => [
			title,
			summary.requests,
			summary.fresh,
			summary.reused,
			summary.dnsLookups,
			summary.latency ? milliseconds(summary.latency.p50) : "-",
			summary.latency ? milliseconds(summary.latency.p95) : "-",
			milliseconds(summary.setup),
			summary.reasons
				.map(({ reason, count }) => `${count} × ${reason}`)
				.join("\n"),
		]),
	);
}

/** Draws rows under a head, for a terminal. Texts stand to the left, numbers to the right. */
export function drawTable(
	head: readonly string[],
	rows: readonly (readonly (string | number)[])[],
): string {
	const table = new Table({
		head: [...head],
		colAligns: head.map((_, column) =>
			rows.every((row) => isNumeric(row[column])) ? "right" : "left",
		),
		style: { head: [], border: [], compact: true },
	});
	table.push(...rows.map((row) => [...row]));
	return table.toString();
}

/** A number with or without a unit, or the mark for none. */
function isNumeric(cell: string | number | undefined): boolean {
	return /^(-|[\d.]+( %)?)$/.test(String(cell));
}

export function milliseconds(value: number): string {
	return value.toFixed(1);
}
