import type { PageRun } from "../../page";
import { element, panel } from "../dom";
import { milliseconds, plural } from "../format";

/** What to change, what would save most first, then what is as it has to be. */
export function advicePanel({
	findings,
	advice,
}: PageRun): HTMLElement | undefined {
	if (findings.length + advice.length === 0) return undefined;
	const changes = advice.filter(({ change }) => change);
	const settled = advice.filter(({ change }) => !change);
	return panel(
		changes.length + findings.length > 0
			? "What to change"
			: "Nothing to change",
		"",
		element(
			"ul",
			{ class: "advice" },
			...changes.map(({ reason, sentence, requests, savedMs }) =>
				item(
					reason,
					sentence,
					`${plural(requests, "request")}, up to ${milliseconds(savedMs)} of set-up saved`,
					true,
				),
			),
			...findings.map(({ code, sentence, count }) =>
				item(code, sentence, `Shown by ${plural(count, "request")}`, true),
			),
			...settled.map(({ reason, sentence, requests }) =>
				item(
					reason,
					sentence,
					`${plural(requests, "request")}, nothing to save by a setting`,
					false,
				),
			),
		),
	);
}

function item(
	code: string,
	sentence: string,
	evidence: string,
	change: boolean,
): HTMLElement {
	return element(
		"li",
		{ class: change && "change" },
		element("h3", {}, element("code", {}, code)),
		element("p", {}, sentence),
		element("p", { class: "muted" }, evidence),
	);
}
