import { element } from "../dom";
import { createPager } from "./pager";

export interface TableColumn<T> {
	readonly head: string;
	readonly number?: boolean;
	readonly words?: boolean;
	readonly cell: (record: T) => Node | string;
}

const PAGE_SIZE = 25;

/** A table of any length, a page of rows at a time. Its first column heads the rows. */
export function pagedTable<T>(
	caption: string,
	columns: readonly TableColumn<T>[],
): { root: HTMLElement; show(records: readonly T[]): void } {
	let records: readonly T[] = [];
	const body = element("tbody");
	const pager = createPager(PAGE_SIZE, ["Previous", "Next"], (first) => {
		const page = records.slice(first, first + PAGE_SIZE);
		body.replaceChildren(...page.map((record) => tableRow(columns, record)));
	});
	return {
		root: element("div", {}, table(caption, columns, body), pager.root),
		show(shown) {
			records = shown;
			pager.begin(records.length);
		},
	};
}

/** A table of a few rows. */
export function smallTable<T>(
	caption: string,
	columns: readonly TableColumn<T>[],
	records: readonly T[],
): HTMLElement {
	const rows = records.map((record) => tableRow(columns, record));
	return table(caption, columns, element("tbody", {}, ...rows));
}

/** Wider ones than the page scroll by themselves. */
function table<T>(
	caption: string,
	columns: readonly TableColumn<T>[],
	body: HTMLElement,
): HTMLElement {
	const heads = columns.map((column) =>
		element("th", { scope: "col", class: cellClass(column) }, column.head),
	);
	return element(
		"div",
		{ class: "scroll", tabindex: 0, role: "group", "aria-label": caption },
		element(
			"table",
			{},
			element("caption", { class: "visually-hidden" }, caption),
			element("thead", {}, element("tr", {}, ...heads)),
			body,
		),
	);
}

function tableRow<T>(
	columns: readonly TableColumn<T>[],
	record: T,
): HTMLElement {
	return element(
		"tr",
		{},
		...columns.map((column, index) =>
			index === 0
				? element(
						"th",
						{ scope: "row", class: cellClass(column) },
						column.cell(record),
					)
				: element("td", { class: cellClass(column) }, column.cell(record)),
		),
	);
}

function cellClass({
	number,
	words,
}: Pick<TableColumn<never>, "number" | "words">) {
	return number ? "number" : words ? "words" : undefined;
}
