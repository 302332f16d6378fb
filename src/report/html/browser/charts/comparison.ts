import type { PageRun } from "../../page";
import { append, element, legend, panel } from "../dom";
import { count, decimal, milliseconds, percent } from "../format";
import { smallTable, type TableColumn } from "../sections/paged-table";
import { bar } from "../sections/reasons";
import { color } from "../theme";
import { axisStyle, createChart, labelsOfRows } from "./chart";

const ROW_HEIGHT = 40;

/** Several runs side by side; of two, the second against the first. */
export function comparisonPanel(runs: readonly PageRun[]): HTMLElement {
	const timed = runs.filter(({ overall }) => overall.latency);
	const [before, after] = runs;
	return append(
		panel(
			runs.length === 2 ? "Before and after" : "The runs side by side",
			runs.length === 2 && before && after ? changeWords(before, after) : "",
		),
		smallTable("Runs", COLUMNS, runs),
		...(timed.length === 0
			? []
			: [
					element("h3", {}, "Latency of all requests"),
					legend([
						{ shape: "circle", color: "ink", label: "p50" },
						{ shape: "diamond", color: "ink", label: "p95" },
					]),
					latencyChart(timed),
				]),
	);
}

const COLUMNS: readonly TableColumn<PageRun>[] = [
	{ head: "run", words: true, cell: ({ name }) => name },
	{
		head: "requests",
		number: true,
		cell: ({ overall }) => count(overall.requests),
	},
	{ head: "fresh", number: true, cell: ({ overall }) => count(overall.fresh) },
	{
		head: "reused",
		number: true,
		cell: ({ overall: { fresh, reused } }) => percent(reused, fresh + reused),
	},
	{
		head: "share reused",
		cell: ({ overall }) => bar(overall.reuseRatio ?? 0, "reused"),
	},
	{
		head: "DNS lookups",
		number: true,
		cell: ({ overall }) => count(overall.dnsLookups),
	},
	{
		head: "set-up, ms",
		number: true,
		cell: ({ overall }) => decimal(overall.setupMs),
	},
	{
		head: "p50, ms",
		number: true,
		cell: ({ overall }) => decimal(overall.latency?.p50Ms),
	},
	{
		head: "p95, ms",
		number: true,
		cell: ({ overall }) => decimal(overall.latency?.p95Ms),
	},
	{
		head: "p99, ms",
		number: true,
		cell: ({ overall }) => decimal(overall.latency?.p99Ms),
	},
];

/** The median and the 95th percentile of each run on one axis. */
function latencyChart(runs: readonly PageRun[]): HTMLElement {
	const rows = runs.map(({ name, overall }, row) => ({
		name,
		row,
		p50: overall.latency?.p50Ms ?? 0,
		p95: overall.latency?.p95Ms ?? 0,
	}));
	return createChart(
		runs.length * ROW_HEIGHT + 56,
		(width) => {
			const labels = labelsOfRows(
				rows.map(({ name }) => name),
				width,
			);
			return {
				grid: { left: labels.left, right: 24, top: labels.top, bottom: 44 },
				xAxis: {
					type: "log",
					name: "latency, ms",
					nameLocation: "middle",
					nameGap: 26,
					...axisStyle(),
				},
				yAxis: labels.axis,
				series: [
					{
						type: "custom",
						silent: true,
						encode: { x: [0, 2], y: 1 },
						data: rows.map(({ p50, row, p95 }) => [p50, row, p95]),
						renderItem: (_, api) => {
							const [from, y] = api.coord([api.value(0), api.value(1)]);
							const [to] = api.coord([api.value(2), api.value(1)]);
							if (from === undefined || to === undefined || y === undefined) {
								return undefined;
							}
							return {
								type: "rect",
								shape: { x: from, y: y - 1, width: to - from, height: 2 },
								style: { fill: color("control") },
							};
						},
					},
					{
						type: "scatter",
						silent: true,
						symbol: "circle",
						symbolSize: 11,
						itemStyle: { color: color("ink"), opacity: 1 },
						data: rows.map(({ p50, row }) => [p50, row]),
					},
					{
						type: "scatter",
						silent: true,
						symbol: "diamond",
						symbolSize: 14,
						itemStyle: { color: color("ink"), opacity: 1 },
						data: rows.map(({ p95, row }) => [p95, row]),
					},
				],
			};
		},
		{
			"aria-label": `Latency of each run. ${rows
				.map(
					({ name, p50, p95 }) =>
						`${name}: p50 ${milliseconds(p50)}, p95 ${milliseconds(p95)}`,
				)
				.join("; ")}.`,
		},
	).root;
}

function changeWords(before: PageRun, after: PageRun): string {
	const perRequest = ({ overall }: PageRun) =>
		overall.requests === 0 ? undefined : overall.setupMs / overall.requests;
	const changes = [
		["set-up per request", perRequest(before), perRequest(after)],
		["p50", before.overall.latency?.p50Ms, after.overall.latency?.p50Ms],
		["p95", before.overall.latency?.p95Ms, after.overall.latency?.p95Ms],
	] as const;
	return `From ${before.name} to ${after.name}: ${changes
		.map(([what, from, to]) => `${what} ${change(from, to)}`)
		.join(", ")}.`;
}

function change(from: number | undefined, to: number | undefined): string {
	if (from === undefined || to === undefined || from === 0) {
		return "not comparable";
	}
	const percent = Math.round((100 * Math.abs(to - from)) / from);
	if (percent === 0) return "unchanged";
	return `${percent} % ${to < from ? "less" : "more"}`;
}
