import type { PageRequest } from "../../page";
import { button, element, mark } from "../dom";
import { count, decimal, milliseconds, span } from "../format";
import {
	OUTCOMES,
	outcomeOf,
	PHASES,
	type PhaseName,
	phasesOf,
} from "../requests";
import type { RunView } from "../run-view";

/** Where the details of one request are shown. */
export interface DetailsPlace {
	readonly root: HTMLElement;
	/** @param opener gets the focus back when they are closed */
	show(request: PageRequest, opener: HTMLElement): void;
}

export function detailsPlace(view: RunView): DetailsPlace {
	const root = element("div");
	return {
		root,
		show(request, opener) {
			const close = () => {
				root.replaceChildren();
				opener.focus();
			};
			const details = requestDetails(request, view, close);
			details.addEventListener("keydown", ({ key }) => {
				if (key === "Escape") close();
			});
			root.replaceChildren(details);
			details.focus();
		},
	};
}

/** Everything known of one request: its phases one after the other, then its facts. */
function requestDetails(
	request: PageRequest,
	view: RunView,
	onClose: () => void,
): HTMLElement {
	const { label, shape, color } = OUTCOMES[outcomeOf(request)];
	return element(
		"article",
		{ class: "request", "aria-label": "The chosen request", tabindex: -1 },
		element(
			"header",
			{},
			element(
				"h3",
				{},
				mark(shape, color),
				` ${request.name}, ${milliseconds(request.durationMs)}, ${label}`,
			),
			button("Close", onClose),
		),
		timeline(request),
		facts(request, view),
	);
}

/** The phases as bars, each where it began; a table, so that it reads without them. */
function timeline(request: PageRequest): HTMLElement {
	const phases = [...phasesOf(request)];
	const total = phases.reduce((sum, [, duration]) => sum + duration, 0);
	let begin = 0;
	const rows = phases.map(([name, duration]) => {
		const row = phaseRow(name, duration, begin / total, duration / total);
		begin += duration;
		return row;
	});
	return element(
		"table",
		{ class: "timeline" },
		element(
			"thead",
			{ class: "visually-hidden" },
			element(
				"tr",
				{},
				...["Phase", "Milliseconds", "Drawn"].map((head) =>
					element("th", { scope: "col" }, head),
				),
			),
		),
		element("tbody", {}, ...rows),
	);
}

function phaseRow(
	name: PhaseName,
	duration: number,
	begin: number,
	share: number,
): HTMLElement {
	const bar = element("span", { class: "bar" });
	bar.style.background = `var(--${PHASES[name].color})`;
	bar.style.left = `${begin * 100}%`;
	bar.style.width = `${share * 100}%`;
	return element(
		"tr",
		{},
		element("th", { scope: "row" }, PHASES[name].label),
		element("td", { class: "number" }, decimal(duration)),
		element("td", { class: "span" }, bar),
	);
}

/** What is known of the request, in words. */
function facts(request: PageRequest, { jaeger }: RunView): HTMLElement {
	const list = element("dl", { class: "facts" });
	const add = <T>(
		term: string,
		value: T | undefined,
		words: (value: T) => string | Node = String,
		wide = false,
	) => {
		if (value === undefined) return;
		list.append(
			element(
				"div",
				{ class: wide && "wide" },
				element("dt", {}, term),
				element("dd", {}, words(value)),
			),
		);
	};
	add("why fresh", request.reason, String, true);
	add("evidence", request.reasonDetail, String, true);
	add("also", request.contributing, (reasons) => reasons.join(", "), true);
	add("error", request.error);
	add("status", request.status);
	add("began after", request.start, span);
	add(
		"unfinished",
		request.unfinished,
		() => "the process ended before it did",
	);
	add("host", request.host);
	add("connection", request.connectionId);
	add(
		"request on it",
		request.requestNumber,
		(number) => `no. ${count(number)}`,
	);
	add("connection's age", request.ageMs, span);
	add("idle before", request.idleMs, span);
	add("set-up paid", request.setupMs, milliseconds);
	add("attempt", request.attempt);
	add("process frozen", request.frozenMs, span);
	add("service", request.service);
	add("process", request.process);
	add("trace", request.traceId, (id) => traceLink(id, jaeger));
	return list;
}

function traceLink(traceId: string, jaeger: string | undefined): string | Node {
	if (!jaeger || !/^https?:\/\//i.test(jaeger)) return traceId;
	return element(
		"a",
		{ href: `${jaeger}/trace/${traceId}`, rel: "noreferrer" },
		traceId,
	);
}
