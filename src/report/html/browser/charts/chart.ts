import { BarChart, CustomChart, LineChart, ScatterChart } from "echarts/charts";
import {
	DataZoomSliderComponent,
	GridComponent,
	MarkLineComponent,
} from "echarts/components";
import { type EChartsType, init, use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import type { EChartsOption } from "echarts/types/dist/shared";
import { element, type Properties } from "../dom";
import { color, isPrinted, onThemeChange } from "../theme";

use([
	BarChart,
	CustomChart,
	LineChart,
	ScatterChart,
	DataZoomSliderComponent,
	GridComponent,
	MarkLineComponent,
	CanvasRenderer,
]);

export interface Chart {
	readonly root: HTMLElement;
	readonly instance: EChartsType;
	/** Draws it anew, after what `option` reads has changed. */
	redraw(): void;
	/** Where a point of the first axes is drawn. */
	pixelAt(point: readonly [x: number, y: number]): [x: number, y: number];
	/** What a pixel stands for on the first axes. */
	pointAt(pixel: readonly [x: number, y: number]): [x: number, y: number];
	/** Shows texts beside a place of the drawing, in pixels, with a ring around it if it is a point; takes them away without. */
	tip(
		at?: readonly [x: number, y: number],
		lines?: readonly string[],
		isPoint?: boolean,
	): void;
}

/**
 * A drawing that follows the width of its place and the colours of the page.
 * @param height in pixels
 * @param option reads colours by `color`, so that it is asked again when they change
 * @param properties of the element; without a role given it is a picture, and `aria-label` says of what
 */
export function createChart(
	height: number,
	option: (width: number) => EChartsOption,
	properties: Properties,
): Chart {
	const canvas = element("div");
	canvas.style.height = `${height}px`;
	const tooltip = element("div", { class: "tip", hidden: true });
	const ring = element("div", { class: "ring", hidden: true });
	const root = element(
		"div",
		{ class: "chart", role: "img", ...properties },
		canvas,
		ring,
		tooltip,
	);
	const instance = init(canvas, undefined, { width: 600, height });
	const redraw = () =>
		instance.setOption(
			{
				animation: false,
				textStyle: { fontFamily: fontOf(root), color: color("muted") },
				...option(instance.getWidth()),
			},
			{ notMerge: true },
		);
	let drawnAt = 0;
	new ResizeObserver(() => {
		const width = root.clientWidth;
		if (width === 0 || width === drawnAt || isPrinted()) return;
		drawnAt = width;
		instance.resize({ width, height });
		redraw();
	}).observe(root);
	onThemeChange(redraw);
	return {
		root,
		instance,
		redraw,
		pixelAt: (point) =>
			instance.convertToPixel(FIRST_AXES, [...point]) as [number, number],
		pointAt: (pixel) =>
			instance.convertFromPixel(FIRST_AXES, [...pixel]) as [number, number],
		tip: (at, lines = [], isPoint = false) => {
			tooltip.hidden = at === undefined;
			ring.hidden = !at || !isPoint;
			if (!at) return;
			ring.style.translate = `${at[0]}px ${at[1]}px`;
			const [title, ...rest] = lines;
			tooltip.replaceChildren(
				element("strong", {}, title),
				...rest.map((line) => element("div", {}, line)),
			);
			place(tooltip, at, root);
		},
	};
}

const FIRST_AXES = { xAxisIndex: 0, yAxisIndex: 0 };

/** Beside the point, on the side that has room. */
function place(
	tooltip: HTMLElement,
	[x, y]: readonly [number, number],
	root: HTMLElement,
): void {
	const gap = 14;
	const { offsetWidth, offsetHeight } = tooltip;
	const left =
		x + gap + offsetWidth <= root.clientWidth ? x + gap : x - gap - offsetWidth;
	tooltip.style.left = `${Math.max(0, left)}px`;
	tooltip.style.top = `${Math.max(0, y - offsetHeight / 2)}px`;
}

function fontOf(node: Element): string {
	return getComputedStyle(node.isConnected ? node : document.body).fontFamily;
}

/** How axes look in every drawing. */
export function axisStyle() {
	return {
		axisLine: { lineStyle: { color: color("control") } },
		axisTick: { lineStyle: { color: color("control") } },
		axisLabel: { color: color("muted"), fontSize: 12, hideOverlap: true },
		splitLine: { lineStyle: { color: color("rule") } },
		nameTextStyle: { color: color("muted"), fontSize: 12 },
	};
}

const NARROW = 500;

/** A category axis whose rows are named at their left or, on a narrow page, above them. */
export function labelsOfRows(labels: readonly string[], width: number) {
	const narrow = width < NARROW;
	const longest = Math.max(...labels.map((label) => label.length));
	const left = Math.min(24 + 7 * longest, 0.35 * width);
	return {
		left: narrow ? 8 : left,
		top: narrow ? 16 : 4,
		axis: {
			type: "category" as const,
			inverse: true,
			data: [...labels],
			...axisStyle(),
			axisTick: { show: false },
			z: 3,
			axisLabel: {
				color: color("ink"),
				fontSize: 12,
				width: narrow ? width - 40 : left - 14,
				overflow: "truncate" as const,
				...(narrow && {
					inside: true,
					align: "left" as const,
					verticalAlign: "bottom" as const,
					padding: [0, 0, 11, -4],
				}),
			},
		},
	};
}
