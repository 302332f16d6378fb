import { button, element } from "../dom";
import { count } from "../format";

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
	let first = 0;
	const body = element("tbody");
	const where = element("span", { role: "status" });
	const go = (to: number) => {
		first = to;
		draw();
	};
	const back = button("Previous", () => go(first - PAGE_SIZE));
	const on = button("Next", () => go(first + PAGE_SIZE));
	const pager = element("div", { class: "controls" }, back, on, where);

	const draw = () => {
		const page = records.slice(first, first + PAGE_SIZE);
		body.replaceChildren(...page.map((record) => tableRow(columns, record)));
		back.disabled = first === 0;
		on.disabled = first + PAGE_SIZE >= records.length;
		where.textContent =
			records.length === 0
				? "none"
				: `${count(first + 1)} to ${count(first + page.length)} of ${count(records.length)}`;
		pager.hidden = records.length <= PAGE_SIZE;
	};
	return {
		root: element(
			"div",
			{},
			element(
				"div",
				{ class: "scroll", tabindex: 0, role: "group", "aria-label": caption },
				table(caption, columns, body),
			),
			pager,
		),
		show(shown) {
			records = shown;
			go(0);
		},
	};
}

/** A table of a few rows. */
export function smallTable<T>(
	caption: string,
	columns: readonly TableColumn<T>[],
	records: readonly T[],
): HTMLElement {
	return element(
		"div",
		{ class: "scroll", tabindex: 0, role: "group", "aria-label": caption },
		table(
			caption,
			columns,
			element(
				"tbody",
				{},
				...records.map((record) => tableRow(columns, record)),
			),
		),
	);
}

function table<T>(
	caption: string,
	columns: readonly TableColumn<T>[],
	body: HTMLElement,
): HTMLElement {
	return element(
		"table",
		{},
		element("caption", { class: "visually-hidden" }, caption),
		element(
			"thead",
			{},
			element(
				"tr",
				{},
				...columns.map((column) =>
					element(
						"th",
						{ scope: "col", class: cellClass(column) },
						column.head,
					),
				),
			),
		),
		body,
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
