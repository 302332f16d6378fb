import { resolve } from "node:path";
import { runNode } from "../../src/demo/child.js";
import { onStage } from "../../src/demo/stage.js";
import { VARIANTS } from "../../src/demo/variants.js";
import type { Span } from "../../src/report/span.js";

const PUTS = 40;
const INTERVAL_MS = 50;

/** Spans of one run of the demo's handler. */
export interface TracedRun {
	readonly title: string;
	readonly spans: readonly Span[];
}

/** Runs the demo's handler in each of its variants against the embedded DynamoDB, under the agent. */
export function runVariants(): Promise<TracedRun[]> {
	const { signal } = new AbortController();
	return onStage(async ({ variables, receiver, spans }) => {
		await runNode(
			"examples/create-table.js",
			[resolve("examples/create-table.js")],
			variables,
			signal,
		);
		const runs: TracedRun[] = [];
		for (const { title, client, service } of VARIANTS) {
			await runNode(
				"examples/handler.js",
				["-r", resolve("dist/register.js"), resolve("examples/handler.js")],
				{
					...variables,
					CLIENT: client,
					COUNT: String(PUTS),
					INTERVAL_MS: String(INTERVAL_MS),
					OTEL_SERVICE_NAME: service,
					OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: receiver.tracesUrl,
				},
				signal,
			);
			runs.push({
				title,
				spans: spans.filter((span) => span.service === service),
			});
		}
		return runs;
	});
}
