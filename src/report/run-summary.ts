import type { ReadableSpan } from "@opentelemetry/sdk-trace-node";
import { adviseOnReason, FINDING_ADVICE } from "./advice";
import type { Quantiles } from "./quantiles";
import { type HostStatistics, RunStatistics } from "./run-statistics";
import { drawTable, milliseconds } from "./table";

/** What a process's connections did, for the people who run it: hosts, reasons, findings and advice. */
export class RunSummary {
	private readonly statistics = new RunStatistics();

	add(span: ReadableSpan): void {
		const [seconds, nanoseconds] = span.duration;
		this.statistics.add({
			name: span.name,
			spanId: span.spanContext().spanId,
			parentSpanId: span.parentSpanContext?.spanId,
			attributes: span.attributes,
			duration: seconds * 1e3 + nanoseconds / 1e6,
		});
	}

	/** The whole summary as text that ends with a line break. */
	render(): string {
		return renderSummary(this.statistics);
	}
}

export function renderSummary({
	hosts,
	reasons,
	findings,
}: Pick<RunStatistics, "hosts" | "reasons" | "findings">): string {
	if (hosts.length === 0) return "conntrace: no connection was traced\n";
	const parts = [
		"conntrace: the connections of this process",
		drawTable(HOST_COLUMNS, hosts.map(hostRow)),
	];
	if (reasons.length > 0) {
		parts.push(
			drawTable(
				["why fresh", "requests", "set-up ms"],
				reasons.map(({ reason, count, setup }) => [
					reason,
					count,
					milliseconds(setup),
				]),
			),
		);
	}
	if (findings.length > 0) {
		const lines = findings.map(
			({ code, count }) =>
				`- ${code} (${count} ${count === 1 ? "request" : "requests"}): ${FINDING_ADVICE[code].sentence}`,
		);
		parts.push(["Findings", ...lines].join("\n"));
	}
	if (reasons.length > 0) {
		const lines = reasons.map(
			(cost) => `- ${cost.reason}: ${adviseOnReason(cost)}`,
		);
		parts.push(["Advice", ...lines].join("\n"));
	}
	return `${parts.join("\n")}\n`;
}

const HOST_COLUMNS = [
	"host",
	"connections",
	"requests",
	"fresh",
	"reuse",
	"DNS lookups",
	"set-up ms",
	"fresh p50 ms",
	"p95 ms",
	"reused p50 ms",
	"p95 ms",
];

function hostRow(statistics: HostStatistics): (string | number)[] {
	const { host, connections, requests, fresh, reused } = statistics;
	return [
		host,
		connections,
		requests,
		fresh,
		fresh + reused === 0
			? "-"
			: `${((100 * reused) / (fresh + reused)).toFixed(1)} %`,
		statistics.dnsLookups,
		milliseconds(statistics.setup),
		...percentiles(statistics.freshLatency),
		...percentiles(statistics.reusedLatency),
	];
}

function percentiles(latency: Quantiles): string[] {
	return [50, 95].map((percent) => {
		const value = latency.percentile(percent);
		return value === undefined ? "-" : milliseconds(value);
	});
}
