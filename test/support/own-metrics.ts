import { randomUUID } from "node:crypto";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { inject } from "vitest";
import { testedNode } from "../reasons/stages.js";

export interface HistogramValue {
	readonly count: number;
	/** Seconds. */
	readonly sum: number;
	readonly boundaries: readonly number[];
}

export interface Metric<Value> {
	readonly scope: string;
	readonly unit: string;
	readonly points: readonly {
		readonly attributes: Readonly<Record<string, string | number>>;
		readonly value: Value;
	}[];
}

/** What a program has recorded. A metric without a value is absent. */
export interface Metrics {
	readonly "http.client.open_connections"?: Metric<number>;
	readonly "http.client.connection.duration"?: Metric<HistogramValue>;
	readonly "http.client.request.time_in_queue"?: Metric<HistogramValue>;
	readonly "dns.lookup.duration"?: Metric<HistogramValue>;
	readonly "conntrace.connections.fresh"?: Metric<number>;
}

declare global {
	/** In a program with metrics of its own, see test/programs/own-metrics.cjs. */
	var collectMetrics: () => Promise<Metrics>;
}

/** The generations of OpenTelemetry that the tested Node can run, by the directory that they are installed in. */
export const GENERATIONS: Readonly<Record<string, string>> = {
	"2.x": ".",
	// Needs Node 22.15.
	...(testedNode >= 22 && { "3.x": "test/library/otel-3" }),
};

/** The set-up of a program's metrics as one file, with one generation of OpenTelemetry inside. */
export async function bundleMetrics(directory: string): Promise<string> {
	const outfile = join(inject("temporaryDirectory"), `${randomUUID()}.cjs`);
	const installed = (name: string) =>
		resolve(directory, "node_modules/@opentelemetry", name);
	await build({
		entryPoints: [resolve("test/programs/own-metrics.cjs")],
		outfile,
		bundle: true,
		platform: "node",
		alias: {
			"@opentelemetry/api": installed("api"),
			"@opentelemetry/sdk-metrics": installed("sdk-metrics"),
		},
	});
	return outfile;
}
