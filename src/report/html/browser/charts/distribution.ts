import type { Bucket, Distribution } from "../../../model";
import { element, legend, panel } from "../dom";
import { count, decimal, milliseconds, percent } from "../format";
import { OUTCOMES } from "../requests";
import type { RunView } from "../run-view";
import { smallTable } from "../sections/paged-table";
import { color } from "../theme";
import { axisStyle, createChart } from "./chart";

const KINDS = ["fresh", "reused"] as const;
type Kind = (typeof KINDS)[number];

const PANEL_HEIGHT = 116;
const TOP = 24;
const GAP = 28;

/** Latency of fresh against reused connections: two outlines over one axis. */
export function distributionPanel({ run }: RunView): HTMLElement | undefined {
	const { freshLatency, reusedLatency } = run.overall;
	const found: Partial<Record<Kind, Distribution>> = {
		...(freshLatency && { fresh: freshLatency }),
		...(reusedLatency && { reused: reusedLatency }),
	};
	const kinds = KINDS.filter((kind) => found[kind]);
	if (kinds.length === 0) return undefined;
	const distributionOf = (kind: Kind) => found[kind] as Distribution;
	const buckets = kinds.flatMap((kind) => distributionOf(kind).buckets);
	const from = Math.min(...buckets.map(({ fromMs }) => fromMs));
	const to = Math.max(...buckets.map(({ toMs }) => toMs));

	const chart = createChart(
		TOP + kinds.length * (PANEL_HEIGHT + GAP) + 34,
		() => ({
			grid: kinds.map((_, index) => ({
				left: 52,
				right: 16,
				top: TOP + index * (PANEL_HEIGHT + GAP),
				height: PANEL_HEIGHT,
			})),
			xAxis: kinds.map((_, index) => ({
				type: "log" as const,
				gridIndex: index,
				min: from,
				max: to,
				...axisStyle(),
				splitLine: { show: false },
				axisLabel: {
					...axisStyle().axisLabel,
					show: index === kinds.length - 1,
					formatter: (value: number) => String(Number(value.toPrecision(2))),
				},
				...(index === kinds.length - 1 && {
					name: "latency, ms",
					nameLocation: "middle" as const,
					nameGap: 26,
				}),
			})),
			yAxis: kinds.map((_, index) => ({
				type: "value" as const,
				gridIndex: index,
				splitNumber: 2,
				...axisStyle(),
				axisLabel: { ...axisStyle().axisLabel, formatter: "{value} %" },
			})),
			series: kinds.map((kind, index) => ({
				type: "line" as const,
				xAxisIndex: index,
				yAxisIndex: index,
				symbol: "none",
				silent: true,
				lineStyle: {
					color: color(kind),
					width: 1.5,
					type: kind === "fresh" ? ("dashed" as const) : ("solid" as const),
				},
				areaStyle: { color: color(kind), opacity: 0.22 },
				data: outline(distributionOf(kind)),
				markLine: {
					symbol: "none",
					silent: true,
					lineStyle: { color: color("ink"), type: "solid" as const, width: 1 },
					label: { color: color("ink"), fontSize: 12, formatter: "{b}" },
					data: percentileLines(distributionOf(kind)),
				},
			})),
		}),
		{
			"aria-label": `Distribution of latency. ${kinds
				.map(
					(kind) =>
						`${OUTCOMES[kind].label}: p50 ${milliseconds(distributionOf(kind).p50Ms)}, p95 ${milliseconds(distributionOf(kind).p95Ms)}`,
				)
				.join("; ")}. The numbers are in the table below.`,
		},
	);
	return panel(
		"Fresh against reused",
		"How the latencies are distributed, as a share of the requests of each kind.",
		legend(kinds.map((kind) => OUTCOMES[kind])),
		chart.root,
		smallTable<Kind>(
			"Latency of fresh and reused connections",
			[
				{ head: "connection", cell: (kind) => OUTCOMES[kind].label },
				{
					head: "requests",
					number: true,
					cell: (kind) => count(distributionOf(kind).count),
				},
				{
					head: "p50, ms",
					number: true,
					cell: (kind) => decimal(distributionOf(kind).p50Ms),
				},
				{
					head: "p95, ms",
					number: true,
					cell: (kind) => decimal(distributionOf(kind).p95Ms),
				},
				{
					head: "p99, ms",
					number: true,
					cell: (kind) => decimal(distributionOf(kind).p99Ms),
				},
			],
			kinds,
		),
		element(
			"details",
			{},
			element("summary", {}, "Distribution as a table"),
			...kinds.map((kind) =>
				smallTable<Bucket>(
					`Requests on a ${OUTCOMES[kind].label} by latency`,
					[
						{
							head: `${OUTCOMES[kind].label}: from, ms`,
							cell: (bucket) => decimal(bucket.fromMs),
						},
						{
							head: "to, ms",
							number: true,
							cell: (bucket) => decimal(bucket.toMs),
						},
						{
							head: "requests",
							number: true,
							cell: (bucket) => count(bucket.count),
						},
						{
							head: "share",
							number: true,
							cell: (bucket) =>
								percent(bucket.count, distributionOf(kind).count),
						},
					],
					distributionOf(kind).buckets,
				),
			),
		),
	);
}

/** The corners of the steps, in per cent; back to nothing at both ends and over gaps. */
function outline({ buckets, count }: Distribution): [number, number][] {
	const corners: [number, number][] = [];
	let end: number | undefined;
	for (const bucket of buckets) {
		const share = (100 * bucket.count) / count;
		// Neighbours differ in the last digits.
		const gap = end === undefined || bucket.fromMs > end * 1.001;
		if (gap) {
			if (end !== undefined) corners.push([end, 0]);
			corners.push([bucket.fromMs, 0]);
		}
		corners.push([bucket.fromMs, share], [bucket.toMs, share]);
		end = bucket.toMs;
	}
	if (end !== undefined) corners.push([end, 0]);
	return corners;
}

function percentileLines({ p50Ms, p95Ms }: Distribution) {
	return [
		{ name: "p50", xAxis: p50Ms },
		{ name: "p95", xAxis: p95Ms },
	];
}
