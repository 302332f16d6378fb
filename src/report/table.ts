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
	const table = new Table({
		head: [
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
		colAligns: ["left", ...Array(7).fill("right"), "left"],
		style: { head: [], border: [], compact: true },
	});
	for (const { title, summary } of rows) {
		table.push([
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
		]);
	}
	return table.toString();
}

function milliseconds(value: number): string {
	return value.toFixed(1);
}
