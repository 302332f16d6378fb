import "./trusted-types";
import type { Page, PageRun } from "../page";
import { comparisonPanel } from "./charts/comparison";
import { distributionPanel } from "./charts/distribution";
import { lanesPanel } from "./charts/lanes";
import { latencyPanel } from "./charts/latency";
import { phasesPanel } from "./charts/phases";
import { append, button, element } from "./dom";
import { count, plural } from "./format";
import { viewOf } from "./run-view";
import { advicePanel } from "./sections/advice";
import { explanation, figures, headline } from "./sections/headline";
import { hostsPanel } from "./sections/hosts";
import { reasonsPanel } from "./sections/reasons";
import { storyPanels } from "./sections/story";
import { themeToggle } from "./theme";

function draw(page: Page, root: HTMLElement): void {
	const [first, ...others] = page.runs;
	const answer = headline(page);
	document.title = `${answer} – conntrace`;
	const main = element(
		"main",
		{ id: "main", tabindex: -1 },
		element(
			"div",
			{ class: "lead" },
			element("h1", {}, answer),
			element("p", {}, explanation(page)),
		),
	);
	// In the page before the drawings are made, which measure it.
	append(
		root,
		element("a", { class: "skip", href: "#main" }, "Skip to the report"),
		masthead(page),
		main,
	);
	if (first && others.length === 0) append(main, ...runPanels(first, page));
	else append(main, ...panelsOfSeveral(page));
	append(root, footer(page));
}

/** The runs against each other, the story that they tell, and one at a time in detail. */
function panelsOfSeveral(page: Page): HTMLElement[] {
	const { runs, story } = page;
	const place = element("div");
	const made = new Map<PageRun, HTMLElement>();
	const choices = new Map(
		runs.map((run) => [
			run,
			button(run.name, () => choose(run), { "aria-pressed": false }),
		]),
	);
	const choose = (chosen: PageRun) => {
		const panels =
			made.get(chosen) ?? element("div", {}, ...runPanels(chosen, page));
		made.set(chosen, panels);
		place.replaceChildren(panels);
		for (const [run, choice] of choices) {
			choice.setAttribute("aria-pressed", String(run === chosen));
		}
	};
	if (runs[0]) choose(runs[0]);
	const heading = element(
		"h2",
		{ id: "runs", tabindex: -1 },
		"One run in detail",
	);
	const chooseByName = (name: string) => {
		const run = runs.find((known) => known.name === name);
		if (!run) return;
		choose(run);
		heading.focus();
	};
	return [
		...(story ? storyPanels(story, chooseByName) : []),
		comparisonPanel(runs),
		element(
			"div",
			{ class: "choice" },
			heading,
			element(
				"div",
				{ class: "runs", role: "group", "aria-labelledby": "runs" },
				...choices.values(),
			),
		),
		place,
	];
}

function runPanels(
	run: PageRun,
	{ jaeger }: Page,
): (HTMLElement | undefined)[] {
	const view = viewOf(run, jaeger);
	return [
		figures(run),
		advicePanel(run),
		view.requests.length > 0 ? latencyPanel(view) : undefined,
		phasesPanel(view),
		reasonsPanel(run),
		lanesPanel(view),
		distributionPanel(view),
		hostsPanel(run),
	];
}

function masthead({ title, createdAt }: Page): HTMLElement {
	const made = new Date(createdAt).toLocaleString("en", {
		dateStyle: "long",
		timeStyle: "short",
	});
	return element(
		"header",
		{ class: "masthead" },
		element("span", { class: "name" }, "conntrace"),
		element("span", { class: "about" }, `${title} · ${made}`),
		themeToggle(),
	);
}

function footer({ runs, conntraceVersion }: Page): HTMLElement {
	const sources = runs.flatMap((run) => run.sources);
	return element(
		"footer",
		{},
		...sources.map(({ name, spans, foreignSpans }) =>
			element(
				"p",
				{},
				`${name}: ${plural(spans, "span")}${foreignSpans > 0 ? `, ${count(foreignSpans)} of other instrumentations left alone` : ""}`,
			),
		),
		...sources
			.flatMap(({ skipped }) => skipped)
			.map((skipped) =>
				element("p", {}, `Skipped ${count(skipped.count)}: ${skipped.message}`),
			),
		element(
			"p",
			{},
			`Made by conntrace ${conntraceVersion}. All of it is inside this file, which loads nothing. Charts by Apache ECharts.`,
		),
	);
}

draw(
	JSON.parse(document.getElementById("data")?.textContent ?? "") as Page,
	document.getElementById("report") as HTMLElement,
);
