import type { ReasonCost } from "../../../model";
import type { PageRun } from "../../page";
import { element, panel } from "../dom";
import { count, decimal, percent } from "../format";
import { smallTable } from "./paged-table";

/** Reasons by count and by cost, drawn in the table itself. */
export function reasonsPanel({ overall }: PageRun): HTMLElement | undefined {
	const { reasons, fresh } = overall;
	if (reasons.length === 0) return undefined;
	const most = Math.max(...reasons.map((reason) => reason.count));
	const dearest = Math.max(...reasons.map((reason) => reason.setupMs));
	return panel(
		"Why connections were fresh",
		"How often each reason was given, and what its requests paid for set-up.",
		smallTable<ReasonCost>(
			"Reasons by count and cost",
			[
				{ head: "reason", cell: nameOf },
				{
					head: "requests",
					number: true,
					cell: (reason) => count(reason.count),
				},
				{
					head: "of fresh",
					number: true,
					cell: (reason) => percent(reason.count, fresh),
				},
				{ head: "by count", cell: (reason) => bar(reason.count / most) },
				{
					head: "set-up, ms",
					number: true,
					cell: ({ setupMs }) => decimal(setupMs),
				},
				{
					head: "ms each",
					number: true,
					cell: (reason) => decimal(reason.setupMs / reason.count),
				},
				{
					head: "by cost",
					cell: ({ setupMs }) => bar(dearest === 0 ? 0 : setupMs / dearest),
				},
			],
			reasons,
		),
	);
}

function nameOf({ reason, behind = [] }: ReasonCost): HTMLElement {
	return element(
		"span",
		{},
		element("code", {}, reason),
		...behind.map((other) =>
			element(
				"div",
				{},
				`also ${count(other.count)} × `,
				element("code", {}, other.reason),
			),
		),
	);
}

/** @param share of the whole width, 0 to 1 */
export function bar(
	share: number,
	kind: "fresh" | "reused" = "fresh",
): HTMLElement {
	const filled = element("span", {
		class: `bar ${kind}`,
		"aria-hidden": true,
		hidden: share === 0,
	});
	filled.style.width = `${share * 100}%`;
	return element("span", { class: "track" }, filled);
}
