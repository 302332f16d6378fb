import Table from "cli-table3";
import { printable } from "../printable";

/** Draws rows under a head, for a terminal. Texts stand to the left, numbers to the right; lines within a cell are kept. */
export function drawTable(
	head: readonly string[],
	rows: readonly (readonly (string | number)[])[],
): string {
	const table = new Table({
		head: head.map(printable),
		colAligns: head.map((_, column) =>
			rows.every((row) => isNumeric(row[column])) ? "right" : "left",
		),
		style: { head: [], border: [], compact: true },
	});
	table.push(
		...rows.map((row) =>
			row.map((cell) => String(cell).split("\n").map(printable).join("\n")),
		),
	);
	return table.toString();
}

/** A number with or without a unit or a sign, or the mark for none. */
function isNumeric(cell: string | number | undefined): boolean {
	return /^(-|[+-]?[\d.]+( %)?)$/.test(String(cell));
}

export function milliseconds(value: number | undefined): string {
	return value === undefined ? "-" : value.toFixed(1);
}

export function percent(ratio: number | undefined): string {
	return ratio === undefined ? "-" : `${(100 * ratio).toFixed(1)} %`;
}

/** `1 request`, `2 requests` */
export function count(number: number, noun: string): string {
	return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
