import type { Chapter, Claim, Story } from "../../../model";
import { sweepChart } from "../charts/sweep";
import { button, element, panel } from "../dom";

/** The investigation in order: what was asked, what was done, and what the numbers say to each claim. */
export function storyPanels(
	{ introduction, conditions, chapters }: Story,
	onRun: (name: string) => void,
): HTMLElement[] {
	return [
		panel(
			"What was done",
			introduction,
			element(
				"dl",
				{ class: "facts" },
				...conditions.map(({ name, value }) =>
					element("div", {}, element("dt", {}, name), element("dd", {}, value)),
				),
			),
		),
		...chapters.map((chapter) => chapterPanel(chapter, onRun)),
	];
}

function chapterPanel(
	{ title, text, claims, runs, sweep }: Chapter,
	onRun: (name: string) => void,
): HTMLElement {
	return panel(
		title,
		text,
		claims.length > 0 &&
			element("ul", { class: "claims" }, ...claims.map(claimItem)),
		sweep && sweepChart(sweep),
		runs.length > 0 &&
			element(
				"p",
				{ class: "controls" },
				"In detail:",
				...runs.map((name) =>
					button(name, () => onRun(name), { class: "link" }),
				),
			),
	);
}

function claimItem({ claim, holds, measured }: Claim): HTMLElement {
	return element(
		"li",
		{ class: holds ? "holds" : "fails" },
		element("strong", {}, `${holds ? "✓ Holds" : "✗ Does not hold"}: ${claim}`),
		element("p", {}, measured),
	);
}
