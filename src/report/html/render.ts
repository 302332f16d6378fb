import type { Report } from "../model";
import { toPage } from "./page";

const PLACE = '<script type="application/json" id="data">';

/**
 * The report as one HTML file that needs nothing else.
 * @param template text of `dist/report.html`, the page that the build made
 */
export function renderHtml(report: Report, template: string): string {
	const place = template.indexOf(PLACE);
	if (place < 0) {
		throw new Error(
			"the template has no place for data; expected dist/report.html",
		);
	}
	const end = place + PLACE.length;
	return (
		template.slice(0, end) + embeddedJson(toPage(report)) + template.slice(end)
	);
}

/** JSON that neither ends the element it stands in nor opens a comment there, whatever its texts hold. */
function embeddedJson(value: unknown): string {
	return JSON.stringify(value).replace(
		/[<>&\u2028\u2029]/g,
		(character) =>
			`\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
	);
}
