import type { Sweep, SweepPoint } from "../../../model";
import { element, legend } from "../dom";
import { decimal, milliseconds, percent } from "../format";
import { smallTable } from "../sections/paged-table";
import { color } from "../theme";
import { axisStyle, createChart } from "./chart";

const PANEL_HEIGHT = 150;
const GAP = 48;
const TOP = 30;

/** The share of fresh connections, and the median latency below it, against what was varied. */
export function sweepChart({ label, mark, points }: Sweep): HTMLElement {
	const xs = points.map(({ x }) => x);
	// Nothing was measured on the way over the mark, so that no line leads there.
	const broken = (value: (point: SweepPoint) => number) =>
		[
			...points.map((point): [number, number | "-"] => [point.x, value(point)]),
			...(mark ? [[mark.x, "-"] as [number, "-"]] : []),
		].sort(([a], [b]) => a - b);
	const markLine = (labelled: boolean) => ({
		symbol: "none",
		silent: true,
		lineStyle: {
			color: color("ink"),
			type: "dashed" as const,
			width: 1,
		},
		label: {
			show: labelled,
			color: color("ink"),
			fontSize: 12,
			position: "end" as const,
			formatter: mark?.label ?? "",
		},
		data: mark ? [{ xAxis: mark.x }] : [],
	});
	const chart = createChart(
		TOP + 2 * PANEL_HEIGHT + GAP + 44,
		() => ({
			grid: [0, 1].map((index) => ({
				left: 56,
				right: 24,
				top: TOP + index * (PANEL_HEIGHT + GAP),
				height: PANEL_HEIGHT,
			})),
			xAxis: [false, true].map((lowest, index) => ({
				type: "log" as const,
				gridIndex: index,
				min: Math.min(...xs),
				max: Math.max(...xs),
				...axisStyle(),
				splitLine: { show: false },
				axisLabel: {
					...axisStyle().axisLabel,
					show: lowest,
					formatter: (value: number) => String(Number(value.toPrecision(2))),
				},
				...(lowest && {
					name: label,
					nameLocation: "middle" as const,
					nameGap: 26,
				}),
			})),
			yAxis: [
				{
					type: "value",
					gridIndex: 0,
					name: "fresh, %",
					min: 0,
					max: 100,
					interval: 25,
					...axisStyle(),
				},
				{
					type: "value",
					gridIndex: 1,
					name: "p50, ms",
					min: 0,
					splitNumber: 3,
					...axisStyle(),
				},
			],
			series: [
				{
					...line(0, "fresh", "diamond"),
					data: broken(({ freshRatio }) => 100 * freshRatio),
					markLine: markLine(true),
				},
				{
					...line(1, "reused", "circle"),
					data: broken(({ p50Ms }) => p50Ms),
					markLine: markLine(false),
				},
			],
		}),
		{
			"aria-label": `Share of fresh connections and median latency against ${label}. ${points
				.map(
					({ x, freshRatio, p50Ms }) =>
						`${x}: ${percent(freshRatio, 1)} fresh, p50 ${milliseconds(p50Ms)}`,
				)
				.join("; ")}.`,
		},
	);
	return element(
		"div",
		{ class: "figure" },
		legend([
			{ shape: "diamond", color: "fresh", label: "share of fresh connections" },
			{ shape: "circle", color: "reused", label: "p50 of all requests" },
		]),
		chart.root,
		element(
			"details",
			{},
			element("summary", {}, "Measurements as a table"),
			smallTable(
				`Fresh connections and latency by ${label}`,
				[
					{ head: label, cell: ({ x }) => String(x) },
					{ head: "run", words: true, cell: ({ run }) => run },
					{
						head: "fresh",
						number: true,
						cell: ({ freshRatio }) => percent(freshRatio, 1),
					},
					{
						head: "p50, ms",
						number: true,
						cell: ({ p50Ms }) => decimal(p50Ms),
					},
				],
				points,
			),
		),
	);
}

function line(grid: number, colorName: string, symbol: "circle" | "diamond") {
	return {
		type: "line" as const,
		xAxisIndex: grid,
		yAxisIndex: grid,
		symbol,
		symbolSize: symbol === "diamond" ? 12 : 9,
		silent: true,
		itemStyle: { color: color(colorName) },
		lineStyle: { color: color(colorName), width: 2 },
	};
}
