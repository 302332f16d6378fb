import { printable } from "../printable";
import { adviseOnReason } from "./advice";
import type { HostSummary, ReasonCost, Run, Source, Summary } from "./model";
import type { Statistics } from "./run-statistics";
import { count, drawTable, milliseconds, percent } from "./table";

/** How text stands out, where it does. */
export interface Emphasis {
	bold(text: string): string;
	dim(text: string): string;
	red(text: string): string;
	green(text: string): string;
}

const asIs = (text: string): string => text;

export const PLAIN: Emphasis = {
	bold: asIs,
	dim: asIs,
	red: asIs,
	green: asIs,
};

/** Hosts, reasons, findings and advice, as text that ends with a line break. */
export function renderStatistics(
	heading: string,
	{ overall, hosts, findings, advice }: Statistics,
	{ bold }: Emphasis = PLAIN,
): string {
	if (hosts.length === 0) return "conntrace: no connection was traced\n";
	const parts = [
		bold(`conntrace: ${printable(heading)}`),
		drawTable(HOST_COLUMNS, hosts.map(hostRow)),
	];
	if (overall.reasons.length > 0) {
		parts.push(
			drawTable(
				["why fresh", "requests", "set-up ms", "for instance"],
				overall.reasons.map((cost) => [
					[cost.reason, ...also(cost)].join("\n"),
					Math.round(cost.count),
					milliseconds(cost.setupMs),
					cost.example ?? "",
				]),
			),
		);
	}
	if (findings.length > 0) {
		parts.push(
			bold("Findings"),
			...findings.map(
				({ code, count: requests, sentence }) =>
					`- ${code} (${count(requests, "request")}): ${sentence}`,
			),
		);
	}
	if (advice.length > 0) {
		parts.push(
			bold("Advice"),
			...advice.map((item) => `- ${item.reason}: ${adviseOnReason(item)}`),
		);
	}
	return `${parts.join("\n")}\n`;
}

/** Reasons behind the one that was given, as far as something can be done about them. */
function also({ behind = [] }: Pick<ReasonCost, "behind">): string[] {
	return behind.map(
		({ reason, count }) => `also ${Math.round(count)} × ${reason}`,
	);
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
	"p99 ms",
	"reused p50 ms",
	"p95 ms",
	"p99 ms",
];

function hostRow(summary: HostSummary): (string | number)[] {
	return [
		summary.host,
		summary.connections,
		summary.requests,
		summary.fresh,
		percent(summary.reuseRatio),
		summary.dnsLookups,
		milliseconds(summary.setupMs),
		...percentiles(summary.freshLatency),
		...percentiles(summary.reusedLatency),
	];
}

function percentiles(latency: Summary["latency"]): string[] {
	return [latency?.p50Ms, latency?.p95Ms, latency?.p99Ms].map(milliseconds);
}

/** One row per run, for runs that are to be looked at side by side. */
export function renderRuns(
	runs: readonly Pick<Run, "name" | "overall">[],
	requests = "requests",
): string {
	const table = drawTable(
		[
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
		runs.map(({ name, overall }) => [
			printable(name),
			overall.requests,
			overall.fresh,
			overall.reused,
			overall.dnsLookups,
			milliseconds(overall.latency?.p50Ms),
			milliseconds(overall.latency?.p95Ms),
			milliseconds(overall.setupMs),
			overall.reasons
				.map(({ reason, count }) => `${Math.round(count)} × ${reason}`)
				.join("\n"),
		]),
	);
	return `${table}\n`;
}

/** Before and after, fact by fact. */
export function renderComparison(before: Run, after: Run): string {
	const fact = (
		name: string,
		format: (value: number | undefined) => string,
		read: (summary: Summary) => number | undefined,
	) => {
		const [old, now] = [read(before.overall), read(after.overall)];
		return [name, format(old), format(now), change(old, now)];
	};
	const reasons = new Set(
		[before, after].flatMap(({ overall }) =>
			overall.reasons.map(({ reason }) => reason),
		),
	);
	const table = drawTable(
		["", before.name, after.name, "change"],
		[
			fact("requests", whole, ({ requests }) => requests),
			fact("fresh", whole, ({ fresh }) => fresh),
			fact("reuse", percent, ({ reuseRatio }) => reuseRatio),
			fact("failed", whole, ({ failed }) => failed),
			fact("connections", whole, ({ connections }) => connections),
			fact("DNS lookups", whole, ({ dnsLookups }) => dnsLookups),
			fact("set-up ms", milliseconds, ({ setupMs }) => setupMs),
			fact("set-up ms per request", milliseconds, (summary) =>
				summary.requests > 0 ? summary.setupMs / summary.requests : undefined,
			),
			fact("p50 ms", milliseconds, ({ latency }) => latency?.p50Ms),
			fact("p95 ms", milliseconds, ({ latency }) => latency?.p95Ms),
			fact("p99 ms", milliseconds, ({ latency }) => latency?.p99Ms),
			...[...reasons].map((reason) =>
				fact(
					reason,
					whole,
					({ reasons }) =>
						reasons.find((cost) => cost.reason === reason)?.count ?? 0,
				),
			),
		],
	);
	return `${table}\n`;
}

function whole(value: number | undefined): string {
	return value === undefined ? "-" : String(Math.round(value));
}

/** Relative to the value before; `-` where that says nothing. */
function change(before: number | undefined, after: number | undefined): string {
	if (before === undefined || after === undefined || before === 0) return "-";
	const ratio = after / before - 1;
	return `${ratio > 0 ? "+" : ""}${(100 * ratio).toFixed(1)} %`;
}

/** What was read and what was passed over; nothing where every span was used. */
export function renderSources(sources: readonly Source[]): string {
	return sources
		.flatMap(({ name, foreignSpans, skipped }) => [
			...(foreignSpans > 0
				? [
						`${name}: ${count(foreignSpans, "span")} of other instrumentations left alone`,
					]
				: []),
			...skipped.map(
				({ count: skips, message }) =>
					`${message}${skips > 1 ? ` (and ${skips - 1} more like it)` : ""}: skipped`,
			),
		])
		.map((line) => `${printable(line)}\n`)
		.join("");
}
