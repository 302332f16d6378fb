import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, inject, test } from "vitest";
import { findViolations, renderViolations } from "../../src/commands/checks.js";
import { newReport } from "../../src/commands/outputs.js";
import { REASONS } from "../../src/connections/reason.js";
import { renderHtml } from "../../src/report/html/render.js";
import type { Report } from "../../src/report/model.js";
import { RunAnalysis } from "../../src/report/run-analysis.js";
import { readFile } from "../../src/report/sources/file.js";
import {
	PLAIN,
	renderComparison,
	renderSources,
	renderStatistics,
} from "../../src/report/terminal.js";
import { Corpus, fuzz } from "./fuzz.js";

const TEMPLATE = '<script type="application/json" id="data"></script>';

test("the report survives whatever is in a file", async () => {
	const file = join(inject("temporaryDirectory"), randomUUID());
	const corpus = new Corpus("test/fuzz/corpus/spans");
	await fuzz(corpus, 1000, async (bytes) => {
		await writeFile(file, bytes);
		const analysis = new RunAnalysis();
		const source = await readFile(file, {
			onSpan: (span) => analysis.add(span),
		});
		const run = analysis.build("run", [source]);
		const violations = findViolations(run, { failOn: REASONS, minReuse: 1 });
		const text =
			renderSources([source]) +
			renderStatistics("run", run) +
			renderComparison(run, run) +
			renderViolations(violations, PLAIN);
		expect(text.replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
		const report = newReport({ title: "run", kind: "run", runs: [run] });
		expectValid(report);
		const html = renderHtml(report, TEMPLATE);
		const data = html.slice(html.indexOf(">") + 1, html.lastIndexOf("<"));
		expect(data).not.toMatch(/[<>\u2028]/);
		expect(JSON.parse(data).runs).toHaveLength(1);
	});
}, 120_000);

/** JSON without what JSON cannot say: a number that is none would be read back as null. */
function expectValid(report: Report): void {
	JSON.parse(JSON.stringify(report), (_, value) => {
		expect(value).not.toBeNull();
		return value;
	});
}

test("the corpus holds what can be read and what cannot", async () => {
	const spans: Record<string, number> = {};
	for (const [name] of new Corpus("test/fuzz/corpus/spans").entries) {
		const source = await readFile(join("test/fuzz/corpus/spans", name), {
			onSpan: () => {},
		});
		spans[name] = source.spans;
	}
	expect(
		Object.values(spans).filter((count) => count > 0).length,
	).toBeGreaterThan(3);
	expect(readFileSync("test/fuzz/corpus/spans/run.jsonl", "utf8")).toContain(
		"connection.setup",
	);
});
