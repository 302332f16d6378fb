import { expect, it } from "vitest";
import type { Run } from "../../src/report/model.js";
import { RunAnalysis } from "../../src/report/run-analysis.js";
import {
	renderComparison,
	renderRuns,
	renderSources,
	renderStatistics,
} from "../../src/report/terminal.js";
import { fresh, reused } from "./spans.js";

function run(name: string, ...spans: ReturnType<typeof fresh>[]): Run {
	const analysis = new RunAnalysis();
	for (const span of spans) analysis.add(span);
	return analysis.build(name, []);
}

function cellsOf(table: string): string[][] {
	return table
		.split("\n")
		.filter((line) => line.startsWith("│"))
		.map((line) =>
			line
				.split("│")
				.slice(1, -1)
				.map((cell) => cell.trim()),
		);
}

const before = run(
	"before",
	fresh({ duration: 30, reason: "first_connection", setup: 20 }),
	fresh({ duration: 30, reason: "keep_alive_disabled", setup: 20 }),
	fresh({ duration: 30, reason: "keep_alive_disabled", setup: 20 }),
	fresh({ duration: 30, reason: "keep_alive_disabled", setup: 20 }),
);
const after = run(
	"after",
	fresh({ duration: 30, reason: "first_connection", setup: 20 }),
	reused({ duration: 2 }),
	reused({ duration: 2 }),
	reused({ duration: 2 }),
);

it("draws a row per run, with every reason", () => {
	expect(
		cellsOf(renderRuns([before, run("nothing")], "puts")).slice(1),
	).toEqual([
		[
			"before",
			"4",
			"4",
			"0",
			"0",
			"30.1",
			"30.1",
			"80.0",
			"3 × keep_alive_disabled",
		],
		["", "", "", "", "", "", "", "", "1 × first_connection"],
		["nothing", "0", "0", "0", "0", "-", "-", "0.0", ""],
	]);
});

it("sets before and after side by side", () => {
	const rows = Object.fromEntries(
		cellsOf(renderComparison(before, after)).map(([fact, ...cells]) => [
			fact,
			cells,
		]),
	);
	expect(rows[""]).toEqual(["before", "after", "change"]);
	expect(rows.fresh).toEqual(["4", "1", "-75.0 %"]);
	expect(rows.reuse).toEqual(["0.0 %", "75.0 %", "-"]);
	expect(rows["set-up ms"]).toEqual(["80.0", "20.0", "-75.0 %"]);
	expect(rows["set-up ms per request"]).toEqual(["20.0", "5.0", "-75.0 %"]);
	expect(rows.keep_alive_disabled).toEqual(["3", "0", "-100.0 %"]);
	expect(rows.first_connection).toEqual(["1", "1", "0.0 %"]);
});

it("writes no control character of a host, a detail or a name", () => {
	const attack = "\u001b]0;owned\u0007\u202e\u009b2J\r";
	const hostile = run(
		attack,
		fresh({ host: `a${attack}`, reasonDetail: attack }),
	);
	const source = {
		name: attack,
		spans: 1,
		foreignSpans: 1,
		skipped: [{ count: 2, message: attack }],
	};
	for (const text of [
		renderStatistics(attack, hostile),
		renderRuns([hostile]),
		renderComparison(hostile, hostile),
		renderSources([source]),
	]) {
		expect(text).toContain("\\x1b]0;owned\\x07\\u202e\\x9b2J\\x0d");
		expect(text.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\u202e]/u);
	}
});
