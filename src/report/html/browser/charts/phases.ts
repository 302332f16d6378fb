import type { Summary } from "../../../model";
import type { PageRequest } from "../../page";
import { append, element, legend, panel } from "../dom";
import { count, decimal, milliseconds } from "../format";
import { PHASE_NAMES, PHASES, type PhaseName, phasesOf } from "../requests";
import type { RunView } from "../run-view";
import { smallTable, type TableColumn } from "../sections/paged-table";
import { color } from "../theme";
import { axisStyle, createChart, labelsOfRows } from "./chart";

const ROW_HEIGHT = 44;

/** Requests with something in common, and the mean of each phase over all of them. */
interface Group {
	readonly label: string;
	readonly requests: number;
	readonly means: Readonly<Record<PhaseName, number>>;
}

/** Where the time of requests on fresh connections went, in stacked bars. */
export function phasesPanel(view: RunView): HTMLElement | undefined {
	const groups = groupsOf(view);
	if (groups.length === 0) return undefined;
	const present = PHASE_NAMES.filter((name) =>
		groups.some(({ means }) => means[name] > 0),
	);
	const chart = createChart(
		groups.length * ROW_HEIGHT + 56,
		(width) => {
			const rows = labelsOfRows(
				groups.map(({ label }) => label),
				width,
			);
			return {
				grid: { left: rows.left, right: 56, top: rows.top, bottom: 44 },
				xAxis: {
					type: "value",
					name: "mean per request, ms",
					nameLocation: "middle",
					nameGap: 26,
					...axisStyle(),
				},
				yAxis: rows.axis,
				series: present.map((name, index) => ({
					type: "bar" as const,
					stack: "phases",
					barWidth: 16,
					itemStyle: {
						color: color(PHASES[name].color),
						borderColor: color("surface"),
						borderWidth: 1,
					},
					emphasis: { disabled: true },
					data: groups.map(({ means }) => means[name]),
					...(index === present.length - 1 && {
						label: {
							show: true,
							position: "right" as const,
							color: color("ink"),
							formatter: ({ dataIndex }: { dataIndex: number }) =>
								decimal(total(groups[dataIndex] as Group)),
						},
					}),
				})),
			};
		},
		{
			"aria-label": `Where the time went, mean per request. ${groups
				.map((group) => `${group.label}: ${milliseconds(total(group))}`)
				.join("; ")}. The phases are in the table below.`,
		},
	);
	chart.instance.on("mousemove", ({ dataIndex, event }) => {
		const group = groups[dataIndex];
		if (!group) return;
		chart.tip(
			[event?.offsetX ?? 0, event?.offsetY ?? 0],
			[
				`${group.label} (${count(group.requests)})`,
				...present.map(
					(name) => `${PHASES[name].label} ${milliseconds(group.means[name])}`,
				),
			],
		);
	});
	chart.instance.on("mouseout", () => chart.tip());

	return append(
		panel(
			"Where the time of fresh connections went",
			"The mean of each phase per request.",
		),
		legend(present.map((name) => ({ shape: "square", ...PHASES[name] }))),
		chart.root,
		element(
			"details",
			{},
			element("summary", {}, "Phases as a table"),
			smallTable("Mean milliseconds of each phase", columns(present), groups),
		),
	);
}

/** All fresh ones, then, where no request is missing from the list, those of each reason and the reused ones. */
function groupsOf({ run, requests }: RunView): Group[] {
	const { freshTime, fresh } = run.overall;
	if (!freshTime || fresh === 0) return [];
	const groups = [all(fresh, freshTime)];
	if (run.requests.notableLeftOut === 0) {
		const byReason = Map.groupBy(
			requests.filter(({ connectionUse }) => connectionUse === "fresh"),
			({ reason }) => reason ?? "(not given)",
		);
		if (byReason.size > 1) {
			groups.push(
				...[...byReason]
					.map(([reason, members]) => meansOf(reason, members))
					.sort((a, b) => b.requests - a.requests),
			);
		}
	}
	const reused = requests.filter(
		({ connectionUse }) => connectionUse === "reused",
	);
	if (run.requests.leftOut === 0 && reused.length > 0) {
		groups.push(meansOf("reused, to compare", reused));
	}
	return groups;
}

function all(fresh: number, sums: NonNullable<Summary["freshTime"]>): Group {
	const means = noMeans();
	for (const name of PHASE_NAMES) means[name] = sums[name] / fresh;
	return { label: "all fresh", requests: fresh, means };
}

function meansOf(label: string, requests: readonly PageRequest[]): Group {
	const means = noMeans();
	for (const request of requests) {
		for (const [name, duration] of phasesOf(request)) {
			means[name] += duration / requests.length;
		}
	}
	return { label, requests: requests.length, means };
}

function noMeans(): Record<PhaseName, number> {
	return {
		waitMs: 0,
		dnsMs: 0,
		tcpMs: 0,
		tlsMs: 0,
		firstByteMs: 0,
		otherMs: 0,
	};
}

function total({ means }: Group): number {
	return Object.values(means).reduce((sum, mean) => sum + mean, 0);
}

function columns(present: readonly PhaseName[]): TableColumn<Group>[] {
	return [
		{ head: "requests on", cell: ({ label }) => label },
		{ head: "requests", number: true, cell: ({ requests }) => count(requests) },
		...present.map((name) => ({
			head: `${PHASES[name].label}, ms`,
			number: true,
			cell: ({ means }: Group) => decimal(means[name]),
		})),
		{
			head: "in all, ms",
			number: true,
			cell: (group: Group) => decimal(total(group)),
		},
	];
}
