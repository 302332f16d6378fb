import type { PageRequest } from "../../page";
import { button, element, mark } from "../dom";
import { decimal, NONE } from "../format";
import { OUTCOME_NAMES, OUTCOMES, outcomeOf } from "../requests";
import type { RunView } from "../run-view";
import type { TimeUnit } from "../time-axis";
import { pagedTable } from "./paged-table";
import { detailsPlace } from "./request-details";

const ALL = "all";

/** The requests as a table with a choice of which and in what order; each row opens its phases. */
export function requestTable(view: RunView, unit: TimeUnit): HTMLElement {
	const { requests } = view;
	const details = detailsPlace(view);
	const table = pagedTable<PageRequest>("Requests", [
		{
			head: "request",
			cell: (request) => {
				const opener = button(
					request.name,
					() => details.show(request, opener),
					{ class: "link" },
				);
				return opener;
			},
		},
		{
			head: `after, ${unit.name}`,
			number: true,
			cell: (request) => decimal(request.start / unit.milliseconds),
		},
		{
			head: "latency, ms",
			number: true,
			cell: ({ durationMs }) => decimal(durationMs),
		},
		{
			head: "connection",
			cell: (request) => {
				const { label, shape, color } = OUTCOMES[outcomeOf(request)];
				return element("span", {}, mark(shape, color), ` ${label}`);
			},
		},
		{
			head: "set-up, ms",
			number: true,
			cell: ({ setupMs }) => decimal(setupMs),
		},
		{
			head: "why fresh, or error",
			cell: ({ reason, error }) =>
				[reason, error].filter(Boolean).join(", ") || NONE,
		},
		{ head: "host", words: true, cell: ({ host }) => host },
	]);

	const which = choice("Show", [
		[ALL, "all requests"],
		...OUTCOME_NAMES.map((name): [string, string] => [
			name,
			OUTCOMES[name].label,
		]),
	]);
	const order = choice("in order of", [
		["time", "time"],
		["latency", "latency, slowest first"],
	]);
	const update = () => {
		const chosen = requests.filter(
			(request) =>
				which.select.value === ALL || outcomeOf(request) === which.select.value,
		);
		if (order.select.value === "latency") {
			chosen.sort((a, b) => b.durationMs - a.durationMs);
		}
		table.show(chosen);
	};
	which.select.addEventListener("change", update);
	order.select.addEventListener("change", update);
	update();
	return element(
		"details",
		{},
		element("summary", {}, "Requests as a table"),
		element("div", { class: "controls" }, which.label, order.label),
		table.root,
		details.root,
	);
}

function choice(
	label: string,
	options: readonly (readonly [value: string, text: string])[],
): { label: HTMLElement; select: HTMLSelectElement } {
	const select = element(
		"select",
		{},
		...options.map(([value, text]) => element("option", { value }, text)),
	);
	return { label: element("label", {}, `${label} `, select), select };
}
