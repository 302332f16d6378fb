import { button, element } from "../dom";
import { count } from "../format";

/** Leads through a list of any length, a page at a time. */
export interface Pager {
	/** Hidden where all is on one page. */
	readonly root: HTMLElement;
	/** Begins anew, at the first page of a list. */
	begin(length: number): void;
}

/** @param onPage gets the place in the list of the first on the page that is to be shown */
export function createPager(
	pageSize: number,
	labels: readonly [back: string, on: string],
	onPage: (first: number) => void,
): Pager {
	let length = 0;
	let first = 0;
	const go = (to: number) => {
		first = to;
		const end = Math.min(first + pageSize, length);
		back.disabled = first === 0;
		on.disabled = end === length;
		where.textContent =
			length === 0
				? "none"
				: `${count(first + 1)} to ${count(end)} of ${count(length)}`;
		onPage(first);
	};
	const back = button(labels[0], () => go(first - pageSize));
	const on = button(labels[1], () => go(first + pageSize));
	const where = element("span", { role: "status" });
	const root = element("div", { class: "controls" }, back, on, where);
	return {
		root,
		begin(given) {
			length = given;
			root.hidden = length <= pageSize;
			go(0);
		},
	};
}
