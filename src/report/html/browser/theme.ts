import { button } from "./dom";

const dark = matchMedia("(prefers-color-scheme: dark)");
const print = matchMedia("print");
const listeners = new Set<() => void>();

/** Calls back whenever the colours of the page have changed, so that drawings follow. */
export function onThemeChange(listener: () => void): void {
	listeners.add(listener);
}

function announce(): void {
	for (const listener of listeners) listener();
}

dark.addEventListener("change", announce);
print.addEventListener("change", announce);

export function isPrinted(): boolean {
	return print.matches;
}

function isDark(): boolean {
	const chosen = document.documentElement.dataset.theme;
	return chosen ? chosen === "dark" : dark.matches;
}

/** A button between light and dark; until it is used, the system's setting decides. */
export function themeToggle(): HTMLElement {
	const toggle = button("Dark", () => {
		document.documentElement.dataset.theme = isDark() ? "light" : "dark";
		announce();
	});
	const show = () => toggle.setAttribute("aria-pressed", String(isDark()));
	show();
	onThemeChange(show);
	return toggle;
}

/**
 * The colour of a custom property of the style sheet as it is now, for drawings on a canvas.
 * @param name without its dashes
 */
export function color(name: string): string {
	const probe = document.createElement("span");
	probe.style.color = `var(--${name})`;
	document.body.append(probe);
	const resolved = getComputedStyle(probe).color;
	probe.remove();
	return resolved;
}
