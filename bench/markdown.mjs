/** A table as the documentation has it: Markdown, as Biome formats it. */
export function markdownTable(head, rows) {
	const widths = head.map((_, column) =>
		Math.max(3, ...[head, ...rows].map((row) => row[column].length)),
	);
	const line = (cells) =>
		`| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(" | ")} |`;
	return [head, widths.map((width) => "-".repeat(width)), ...rows]
		.map(line)
		.join("\n");
}

/** As many digits as mean something. */
export function figure(value) {
	return value.toFixed(Math.abs(value) < 100 ? 1 : 0);
}

export function bounds([from, to]) {
	return `${figure(from)} to ${figure(to)}`;
}
