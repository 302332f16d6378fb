type Child = Node | string | number | undefined | false;

/** What an element is made with: attributes, `class`, and listeners. Never `style` or `on...` texts, which the policy refuses. */
export interface Properties {
	readonly [attribute: string]: string | number | boolean | undefined;
}

/**
 * Makes an element. Texts become text nodes, so that nothing in the data is ever read as HTML.
 * An attribute that is `true` is set empty; one that is `false` or undefined is left out.
 */
export function element<Tag extends keyof HTMLElementTagNameMap>(
	tag: Tag,
	properties: Properties = {},
	...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
	const made = document.createElement(tag);
	for (const [name, value] of Object.entries(properties)) {
		if (value === undefined || value === false) continue;
		made.setAttribute(name, value === true ? "" : String(value));
	}
	return append(made, ...children);
}

/** Adds children to a parent, which it returns. */
export function append<Parent extends Element>(
	parent: Parent,
	...children: readonly Child[]
): Parent {
	for (const child of children) {
		if (child === undefined || child === false) continue;
		parent.append(child instanceof Node ? child : String(child));
	}
	return parent;
}

export function button(
	label: string,
	onClick: () => void,
	properties: Properties = {},
): HTMLButtonElement {
	const made = element("button", { type: "button", ...properties }, label);
	made.addEventListener("click", onClick);
	return made;
}

/** Drawings of 16 by 16, for legends and tables: shape tells as much as colour. */
export const SHAPES = {
	circle: "M8 3.5a4.5 4.5 0 1 0 0 9a4.5 4.5 0 1 0 0 -9Z",
	diamond: "M8 1 15 8 8 15 1 8Z",
	square: "M3 3H13V13H3Z",
	triangle: "M8 2 15 14H1Z",
} as const;

export type Shape = keyof typeof SHAPES;

/** @param color name of a custom property of the style sheet, without its dashes */
export function mark(shape: Shape, color: string): SVGElement {
	const namespace = "http://www.w3.org/2000/svg";
	const svg = document.createElementNS(namespace, "svg");
	svg.setAttribute("viewBox", "0 0 16 16");
	svg.setAttribute("class", "mark");
	svg.setAttribute("aria-hidden", "true");
	const path = document.createElementNS(namespace, "path");
	path.setAttribute("d", SHAPES[shape]);
	path.setAttribute("fill", `var(--${color})`);
	svg.append(path);
	return svg;
}

export function legend(
	entries: readonly {
		readonly shape: Shape;
		readonly color: string;
		readonly label: string;
	}[],
): HTMLUListElement {
	return element(
		"ul",
		{ class: "legend" },
		...entries.map(({ shape, color, label }) =>
			element("li", {}, mark(shape, color), label),
		),
	);
}

let panels = 0;

/** A part of the report under a heading of its own. */
export function panel(
	title: string,
	explanation: string,
	...children: readonly Child[]
): HTMLElement {
	const id = `panel-${++panels}`;
	return element(
		"section",
		{ class: "panel", "aria-labelledby": id },
		element(
			"header",
			{},
			element("h2", { id }, title),
			explanation !== "" && element("p", { class: "muted" }, explanation),
		),
		...children,
	);
}
