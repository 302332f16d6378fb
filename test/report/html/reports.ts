import type { Report, Run } from "../../../src/report/model.js";
import { RunAnalysis } from "../../../src/report/run-analysis.js";
import type { Span } from "../../../src/report/span.js";
import { VERSION } from "../../../src/version.js";

export function runOf(name: string, spans: Iterable<Span>): Run {
	const analysis = new RunAnalysis();
	let count = 0;
	for (const span of spans) {
		analysis.add(span);
		count += 1;
	}
	return analysis.build(name, [
		{ name, spans: count, foreignSpans: 0, skipped: [] },
	]);
}

export function reportOf(
	runs: readonly Run[],
	more: Partial<Report> = {},
): Report {
	return {
		format: 1,
		conntraceVersion: VERSION,
		createdAt: Date.UTC(2026, 10, 25, 7, 0),
		title: "node handler.js",
		kind: runs.length === 1 ? "run" : "comparison",
		runs,
		...more,
	};
}
