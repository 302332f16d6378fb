import { expect, it } from "vitest";
import { renderTable } from "../../src/report/table.js";

it("draws a row per summary, with every reason", () => {
	const table = renderTable(
		[
			{
				title: "before",
				summary: {
					requests: 10,
					fresh: 9,
					reused: 1,
					dnsLookups: 8,
					latency: { p50: 12.34, p95: 56.78 },
					setup: 90.1,
					reasons: [
						{ reason: "keep_alive_disabled", count: 7 },
						{ reason: "first_connection", count: 2 },
					],
				},
			},
			{
				title: "nothing",
				summary: {
					requests: 0,
					fresh: 0,
					reused: 0,
					dnsLookups: 0,
					setup: 0,
					reasons: [],
				},
			},
		],
		"puts",
	);
	const cells = table
		.split("\n")
		.filter((line) => line.startsWith("│"))
		.map((line) =>
			line
				.split("│")
				.slice(1, -1)
				.map((cell) => cell.trim()),
		);
	expect(cells).toEqual([
		[
			"",
			"puts",
			"fresh",
			"reused",
			"DNS lookups",
			"p50 ms",
			"p95 ms",
			"set-up ms",
			"why fresh",
		],
		[
			"before",
			"10",
			"9",
			"1",
			"8",
			"12.3",
			"56.8",
			"90.1",
			"7 × keep_alive_disabled",
		],
		["", "", "", "", "", "", "", "", "2 × first_connection"],
		["nothing", "0", "0", "0", "0", "-", "-", "0.0", ""],
	]);
});
