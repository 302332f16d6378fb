import type { PageRequest } from "../../page";
import { append, element, mark, panel, type Shape } from "../dom";
import { count, milliseconds, plural, span } from "../format";
import {
	OUTCOME_NAMES,
	OUTCOMES,
	type OutcomeName,
	outcomeOf,
} from "../requests";
import type { RunView } from "../run-view";
import { type DetailsPlace, detailsPlace } from "../sections/request-details";
import { requestTable } from "../sections/request-table";
import { color, isPrinted } from "../theme";
import { unitFor } from "../time-axis";
import { axisStyle, type Chart, createChart } from "./chart";

const HEIGHT = 400;
/** From this many points of a kind on they are drawn as one path. */
const MANY = 3000;

/** The chart library's own; of others it draws a hundred thousand only in minutes. */
const SYMBOLS: Readonly<Record<Shape, string>> = {
	circle: "circle",
	diamond: "diamond",
	triangle: "triangle",
	square: "rect",
};

/** Latency over time, each point a request. */
export function latencyPanel(view: RunView): HTMLElement {
	const { requests } = view;
	const unit = unitFor(requests.at(-1)?.start ?? 0);
	const groups = groupByOutcome(requests);
	const hidden = new Set<OutcomeName>();
	const isHidden = (request: PageRequest) => hidden.has(outcomeOf(request));
	let window = { start: 0, end: 100 };
	let chosen: number | undefined;

	const point = (index: number): [number, number] => {
		const request = requests[index] as PageRequest;
		return [
			request.start / unit.milliseconds,
			Math.max(request.durationMs, 0.001),
		];
	};
	const chart = createChart(
		HEIGHT,
		(width) => ({
			grid: { left: 58, right: 16, top: 28, bottom: 74 },
			xAxis: {
				type: "value",
				name: `since the beginning, ${unit.name}`,
				nameLocation: "middle",
				nameGap: 26,
				min: 0,
				...axisStyle(),
				splitLine: { show: false },
			},
			yAxis: { type: "log", name: "latency, ms", ...axisStyle() },
			dataZoom: isPrinted() ? [] : [{ ...zoom(), ...window }],
			series: [
				...OUTCOME_NAMES.filter((name) => !hidden.has(name)).map((name) => ({
					type: "scatter" as const,
					silent: true,
					symbol: SYMBOLS[OUTCOMES[name].shape],
					symbolSize: symbolSize(name, groups[name].length > MANY, width),
					itemStyle: {
						color: color(OUTCOMES[name].color),
						opacity: name === "reused" ? 0.65 : 1,
					},
					large: groups[name].length > MANY,
					data: groups[name].map(point),
				})),
			],
		}),
		{
			role: "application",
			tabindex: 0,
			"aria-roledescription": "chart",
			"aria-label": `Latency over time of ${plural(requests.length, "request")}. Left and right arrow keys move from request to request, with Shift to the next that is not plainly reused; Enter shows the phases. The same is in the table below.`,
		},
	);

	chart.instance.on("datazoom", (event) => {
		const { start, end } = event as typeof window;
		window = { start, end };
		chart.tip();
	});
	const details = detailsPlace(view);
	const spoken = element("p", {
		class: "visually-hidden",
		"aria-live": "polite",
	});
	const pointTo = (index: number) => {
		const pixel = chart.pixelAt(point(index));
		const lines = tipLines(requests[index] as PageRequest);
		chart.tip(pixel, lines, true);
		return lines;
	};
	const choose = (index: number) => {
		chosen = index;
		spoken.textContent = pointTo(index).join(". ");
	};
	onPointer(
		chart,
		(x, y) => nearest(requests, chart, point, x, y, isHidden),
		pointTo,
		(index) => {
			choose(index);
			details.show(requests[index] as PageRequest, chart.root);
		},
	);
	onKeys(chart, requests, isHidden, () => chosen, choose, details);

	return append(
		panel("Latency over time", explanation(view)),
		element(
			"div",
			{ class: "controls", role: "group", "aria-label": "Requests shown" },
			...OUTCOME_NAMES.filter((name) => groups[name].length > 0).map((name) =>
				filter(name, groups[name].length, (shown) => {
					if (shown) hidden.delete(name);
					else hidden.add(name);
					chart.redraw();
				}),
			),
		),
		chart.root,
		spoken,
		details.root,
		requestTable(view, unit),
	);
}

function explanation({ requests, run }: RunView): string {
	const { leftOut, notableLeftOut } = run.requests;
	if (leftOut === 0) {
		return "Each point is a request. Choose one to see its phases.";
	}
	const kept =
		notableLeftOut === 0
			? "every fresh, failed and slow one, and an even share of the others"
			: `all but ${count(notableLeftOut)} of the fresh, failed and slow ones, and an even share of the others`;
	return `Each point is a request: ${kept}, ${count(requests.length)} of ${count(requests.length + leftOut)}. Choose one to see its phases.`;
}

function zoom() {
	return {
		type: "slider" as const,
		height: 18,
		bottom: 8,
		left: 58,
		right: 16,
		showDetail: false,
		showDataShadow: false,
		brushSelect: false,
		borderColor: color("rule"),
		fillerColor: "rgba(128,136,144,0.2)",
		handleStyle: { color: color("surface"), borderColor: color("control") },
		moveHandleSize: 0,
	};
}

function groupByOutcome(
	requests: readonly PageRequest[],
): Record<OutcomeName, number[]> {
	const groups: Record<OutcomeName, number[]> = {
		reused: [],
		fresh: [],
		failed: [],
		unknown: [],
	};
	requests.forEach((request, index) => {
		groups[outcomeOf(request)].push(index);
	});
	return groups;
}

/** In pixels: smaller where there is little room for each. */
function symbolSize(name: OutcomeName, many: boolean, width: number): number {
	const size = name === "reused" ? 7 : 12;
	return many || width < 500 ? size - 2 : size;
}

function tipLines(request: PageRequest): string[] {
	const { name, durationMs, host, setupMs, idleMs, reason, error } = request;
	const outcome = OUTCOMES[outcomeOf(request)].label;
	return [
		`${name}, ${milliseconds(durationMs)}`,
		error === undefined ? outcome : `${outcome}: ${error}`,
		...(reason === undefined ? [] : [reason]),
		...(setupMs === undefined ? [] : [`set-up ${milliseconds(setupMs)}`]),
		...(idleMs === undefined
			? []
			: [`the connection was idle ${span(idleMs)}`]),
		`${host}, after ${span(request.start)}`,
	];
}

function filter(
	name: OutcomeName,
	requests: number,
	onChange: (shown: boolean) => void,
): HTMLElement {
	const box = element("input", { type: "checkbox", checked: true });
	box.addEventListener("change", () => onChange(box.checked));
	const { label, shape, color } = OUTCOMES[name];
	return element(
		"label",
		{ class: "filter" },
		box,
		mark(shape, color),
		`${label} (${count(requests)})`,
	);
}

function onPointer(
	chart: Chart,
	find: (x: number, y: number) => number | undefined,
	onHover: (index: number) => void,
	onClick: (index: number) => void,
): void {
	const zr = chart.instance.getZr();
	zr.on("mousemove", ({ offsetX, offsetY }) => {
		const index = find(offsetX, offsetY);
		if (index === undefined) chart.tip();
		else onHover(index);
	});
	zr.on("globalout", () => chart.tip());
	zr.on("click", ({ offsetX, offsetY }) => {
		const index = find(offsetX, offsetY);
		if (index !== undefined) onClick(index);
	});
}

/** How near the pointer must be to a point, in pixels. */
const REACH = 14;

/**
 * The request drawn nearest to a pixel. Searched in the data, where those that are near in time lie together: of a
 * hundred thousand drawn shapes the chart library would try each.
 */
function nearest(
	requests: readonly PageRequest[],
	{ pixelAt, pointAt }: Chart,
	point: (index: number) => [x: number, y: number],
	x: number,
	y: number,
	isHidden: (request: PageRequest) => boolean,
): number | undefined {
	const last = pointAt([x + REACH, y])[0];
	let found: number | undefined;
	let distance = REACH;
	let index = firstAtOrAfter(
		requests.length,
		point,
		pointAt([x - REACH, y])[0],
	);
	for (; index < requests.length && point(index)[0] <= last; index += 1) {
		if (isHidden(requests[index] as PageRequest)) continue;
		const [left, top] = pixelAt(point(index));
		const away = Math.hypot(left - x, top - y);
		if (away < distance) {
			distance = away;
			found = index;
		}
	}
	return found;
}

function firstAtOrAfter(
	length: number,
	point: (index: number) => [x: number, y: number],
	x: number,
): number {
	let low = 0;
	let high = length;
	while (low < high) {
		const middle = (low + high) >> 1;
		if (point(middle)[0] < x) low = middle + 1;
		else high = middle;
	}
	return low;
}

/** In what direction a key goes, from the chosen request or from the edge. */
const MOVES: Readonly<
	Record<string, { readonly step: 1 | -1; readonly fromEdge?: true }>
> = {
	ArrowLeft: { step: -1 },
	ArrowRight: { step: 1 },
	Home: { step: 1, fromEdge: true },
	End: { step: -1, fromEdge: true },
};

function onKeys(
	chart: Chart,
	requests: readonly PageRequest[],
	isHidden: (request: PageRequest) => boolean,
	chosen: () => number | undefined,
	choose: (index: number) => void,
	details: DetailsPlace,
): void {
	chart.root.addEventListener("blur", () => chart.tip());
	chart.root.addEventListener("keydown", (event) => {
		const current = chosen();
		if (event.key === "Escape") return chart.tip();
		if (event.key === "Enter" && current !== undefined) {
			return details.show(requests[current] as PageRequest, chart.root);
		}
		const move = MOVES[event.key];
		if (!move) return;
		event.preventDefault();
		const { step, fromEdge } = move;
		const edge = step > 0 ? 0 : requests.length - 1;
		let next = fromEdge || current === undefined ? edge : current + step;
		const isSkipped = (request: PageRequest) =>
			isHidden(request) || (event.shiftKey && outcomeOf(request) === "reused");
		for (let request = requests[next]; request; request = requests[next]) {
			if (!isSkipped(request)) return choose(next);
			next += step;
		}
	});
}
