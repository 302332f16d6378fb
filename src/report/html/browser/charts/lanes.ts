import type {
	CustomSeriesRenderItemAPI,
	CustomSeriesRenderItemReturn,
} from "echarts";
import type { PageRequest } from "../../page";
import { append, element, legend, mark, panel, SHAPES } from "../dom";
import { count, decimal, milliseconds, NONE, plural, span } from "../format";
import { ENDS, endWords, type Lane, lanesOf } from "../lane";
import type { RunView } from "../run-view";
import { pagedTable } from "../sections/paged-table";
import { createPager } from "../sections/pager";
import { color } from "../theme";
import { type TimeUnit, unitFor } from "../time-axis";
import { axisStyle, createChart } from "./chart";

/** Lanes drawn at a time. */
const LANES = 20;
const LANE_HEIGHT = 24;

/** Connections as lanes over time: set-up, requests, idle in between, and how each ended. */
export function lanesPanel(view: RunView): HTMLElement | undefined {
	const lanes = lanesOf(view);
	if (lanes.length === 0) return undefined;

	const end = lanes.reduce((latest, { until }) => Math.max(latest, until), 0);
	const unit = unitFor(end);
	const rows = Math.min(LANES, lanes.length);
	let shown = lanes.slice(0, LANES);

	const chart = createChart(
		rows * LANE_HEIGHT + 60,
		() => {
			const [from, to] = axisRange(shown);
			const x = (at: number) => at / unit.milliseconds;
			return {
				grid: { left: 52, right: 20, top: 8, bottom: 46 },
				xAxis: {
					type: "value",
					name: `since the beginning, ${unit.name}`,
					nameLocation: "middle",
					nameGap: 26,
					min: x(from),
					max: x(to),
					...axisStyle(),
					axisLabel: {
						...axisStyle().axisLabel,
						showMinLabel: from === 0,
						showMaxLabel: false,
					},
				},
				yAxis: {
					type: "category",
					inverse: true,
					data: Array.from(
						{ length: rows },
						(_, row) => shown[row]?.number ?? "",
					),
					...axisStyle(),
					axisTick: { show: false },
					axisLabel: { ...axisStyle().axisLabel, interval: 0 },
					splitLine: { show: false },
				},
				series: [
					{
						type: "custom",
						renderItem: ({ dataIndex }, api) =>
							drawLane(shown[dataIndex] as Lane, dataIndex, api, x),
						data: shown.map(({ connection }, row) => [
							x(connection.start),
							row,
						]),
					},
				],
			};
		},
		{
			"aria-label": `${plural(lanes.length, "connection")} as lanes over time. What they show is in the table below.`,
		},
	);
	chart.instance.on("mousemove", ({ dataIndex, event }) => {
		const lane = shown[dataIndex];
		if (lane) {
			chart.tip([event?.offsetX ?? 0, event?.offsetY ?? 0], tipLines(lane));
		}
	});
	chart.instance.on("mouseout", () => chart.tip());

	const pager = createPager(
		LANES,
		["Earlier connections", "Later connections"],
		(first) => {
			shown = lanes.slice(first, first + LANES);
			chart.redraw();
		},
	);
	pager.begin(lanes.length);

	const { leftOut } = view.run.connections;
	return append(
		panel(
			"Connections over time",
			`Each lane is a connection: its set-up, the requests that it carried, when it was idle, and its end, where a later connection tells of it.${leftOut > 0 ? ` ${plural(leftOut, "connection")} are left out.` : ""}`,
		),
		legend([
			{ shape: "square", color: "fresh", label: "set-up" },
			{ shape: "square", color: "reused", label: "request" },
			{ shape: "square", color: "idle", label: "idle" },
			...ENDS,
		]),
		chart.root,
		pager.root,
		laneTable(lanes, unit),
	);
}

/** From the beginning of the run, unless the lanes would be squeezed into the right half. */
function axisRange(lanes: readonly Lane[]): [from: number, to: number] {
	const begin = Math.min(...lanes.map(({ connection }) => connection.start));
	const end = Math.max(...lanes.map(({ until }) => until));
	const from = begin > end / 2 ? begin : 0;
	return [from, Math.max(end, from + 1)];
}

function drawLane(
	{ connection, requests, until, end: ending }: Lane,
	row: number,
	api: CustomSeriesRenderItemAPI,
	x: (at: number) => number,
): CustomSeriesRenderItemReturn {
	const pixel = (at: number) => api.coord([x(at), row])[0] as number;
	const middle = api.coord([0, row])[1] as number;
	const begin = pixel(connection.start);
	const end = pixel(until);
	const ready = connection.ready ?? connection.start;
	const bar = (from: number, to: number, height: number, fill: string) => ({
		type: "rect" as const,
		shape: {
			x: from,
			y: middle - height / 2,
			width: Math.max(to - from, 1.5),
			height,
		},
		style: { fill },
	});
	const busy = color("reused");
	return {
		type: "group",
		children: [
			bar(begin, end, 3, color("idle")),
			...busyParts(requests, ready, pixel).map(([from, to]) =>
				bar(from, to, 12, busy),
			),
			...(connection.ready === undefined
				? []
				: [bar(begin, pixel(ready), 12, color("fresh"))]),
			...(ending
				? [
						{
							type: "path" as const,
							shape: {
								pathData: SHAPES[ending.shape],
								x: end + 1,
								y: middle - 5,
								width: 10,
								height: 10,
							},
							style: {
								fill: color(ending.color),
								stroke: color("surface"),
								lineWidth: 1,
							},
						},
					]
				: []),
			// What the pointer meets, so that the whole lane tells what it is.
			bar(begin - 4, end + 12, 18, "transparent"),
		],
	};
}

/** The time in use in pixels, what touches drawn as one. */
function busyParts(
	requests: readonly PageRequest[],
	ready: number,
	pixel: (at: number) => number,
): [from: number, to: number][] {
	const parts: [number, number][] = [];
	for (const { start, durationMs } of requests) {
		const from = pixel(Math.max(start, ready));
		const to = Math.max(pixel(start + durationMs), from);
		const last = parts.at(-1);
		if (last && from <= last[1] + 1) last[1] = Math.max(last[1], to);
		else parts.push([from, to]);
	}
	return parts;
}

function tipLines(lane: Lane): string[] {
	const { number, connection, longestIdle } = lane;
	return [
		`Connection ${count(number)} to ${connection.host}`,
		`${plural(connection.requests, "request")}, set-up ${milliseconds(setupOf(lane))}`,
		...(longestIdle === undefined ? [] : [`longest idle ${span(longestIdle)}`]),
		`end: ${endWords(lane)}`,
	];
}

function setupOf({ connection }: Lane): number | undefined {
	const { start, ready } = connection;
	return ready === undefined ? undefined : ready - start;
}

function laneTable(lanes: readonly Lane[], unit: TimeUnit): HTMLElement {
	const table = pagedTable<Lane>("Connections", [
		{ head: "no.", cell: ({ number }) => count(number) },
		{ head: "host", words: true, cell: ({ connection }) => connection.host },
		{
			head: `after, ${unit.name}`,
			number: true,
			cell: ({ connection }) => decimal(connection.start / unit.milliseconds),
		},
		{
			head: "set-up, ms",
			number: true,
			cell: (lane) => decimal(setupOf(lane)),
		},
		{
			head: "requests",
			number: true,
			cell: ({ connection }) => count(connection.requests),
		},
		{
			head: "longest idle, ms",
			number: true,
			cell: ({ longestIdle }) => decimal(longestIdle),
		},
		{
			head: "end",
			words: true,
			cell: (lane) =>
				lane.end
					? element(
							"span",
							{},
							mark(lane.end.shape, lane.end.color),
							` ${endWords(lane)}`,
						)
					: NONE,
		},
	]);
	table.show(lanes);
	return element(
		"details",
		{},
		element("summary", {}, "Connections as a table"),
		table.root,
	);
}
