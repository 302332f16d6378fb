import type { Story, Summary } from "../../../model";
import type { Page, PageRun } from "../../page";
import { element } from "../dom";
import { count, milliseconds, percent, plural, span } from "../format";

/** The answer, before anything else. */
export function headline({ runs, story }: Page): string {
	if (story) return story.title;
	const [first, second] = runs;
	if (!first) return NOTHING;
	if (!second) return answer(first.overall);
	const shares = runs.map(
		({ name, overall }) => `${freshShare(overall)} in ${name}`,
	);
	return `Requests on a fresh connection: ${shares.join(", ")}.`;
}

const NOTHING = "No request was traced.";

function freshShare({ fresh, reused }: Summary): string {
	return percent(fresh, fresh + reused);
}

function answer({ requests, fresh, reused, setupMs }: Summary): string {
	if (requests === 0) return NOTHING;
	const connected = fresh + reused;
	if (connected === 0) {
		return `None of ${plural(requests, "request")} got a connection.`;
	}
	const paid = `${plural(fresh, "fresh connection")} cost ${span(setupMs)}.`;
	if (reused === 0) {
		return `None of ${plural(connected, "request")} reused a connection. ${paid}`;
	}
	if (fresh === 0) {
		return `All ${plural(connected, "request")} reused a connection.`;
	}
	return `${count(reused)} of ${plural(connected, "request")} reused a connection. ${paid}`;
}

/** What there is to say to the headline; nothing to two runs, which it compares itself. */
export function explanation({ runs, story }: Page): string {
	if (story) return claimsOf(story);
	const [first, ...others] = runs;
	return first && others.length === 0 ? comparison(first) : "";
}

function claimsOf({ chapters }: Story): string {
	const claims = chapters.flatMap((chapter) => chapter.claims);
	const holding = claims.filter(({ holds }) => holds).length;
	return holding === claims.length
		? `All ${plural(claims.length, "claim")} hold in what was measured.`
		: `${count(holding)} of ${plural(claims.length, "claim")} hold in what was measured.`;
}

/** How fresh compares with reused, and what most of the fresh ones were for. */
function comparison({ overall }: PageRun): string {
	const { freshLatency, reusedLatency, fresh, reasons } = overall;
	const sentences: string[] = [];
	if (freshLatency && reusedLatency) {
		sentences.push(
			`The median request took ${milliseconds(freshLatency.p50Ms)} on a fresh connection, ${milliseconds(reusedLatency.p50Ms)} on a reused one.`,
		);
	}
	const [most] = [...reasons].sort((a, b) => b.count - a.count);
	if (most && fresh > 1) {
		sentences.push(
			most.count === fresh
				? `All were fresh for one reason: ${most.reason}.`
				: `The most frequent reason for a fresh one: ${most.reason}, ${count(most.count)} of ${count(fresh)}.`,
		);
	}
	return sentences.join(" ");
}

/** The key figures of a run. */
export function figures({ overall }: PageRun): HTMLElement {
	const { requests, fresh, reused, failed, setupMs } = overall;
	const { freshLatency, reusedLatency } = overall;
	return element(
		"dl",
		{ class: "figures" },
		figure(
			"requests",
			count(requests),
			failed > 0 ? `${count(failed)} failed` : "none failed",
		),
		figure(
			"reused a connection",
			percent(reused, fresh + reused),
			`${count(reused)} reused, ${count(fresh)} fresh`,
		),
		figure(
			"connections made",
			count(overall.connections),
			plural(overall.dnsLookups, "DNS lookup"),
		),
		figure(
			"paid for set-up",
			span(setupMs),
			fresh > 0 ? `${milliseconds(setupMs / fresh)} each` : "",
		),
		freshLatency &&
			figure(
				"p50 on fresh",
				milliseconds(freshLatency.p50Ms),
				`p95 ${milliseconds(freshLatency.p95Ms)}`,
			),
		reusedLatency &&
			figure(
				"p50 on reused",
				milliseconds(reusedLatency.p50Ms),
				`p95 ${milliseconds(reusedLatency.p95Ms)}`,
			),
	);
}

function figure(term: string, value: string, note: string): HTMLElement {
	return element(
		"div",
		{},
		element("dt", {}, term),
		element("dd", {}, value, element("small", {}, note)),
	);
}
