import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { renderHtml } from "../../../src/report/html/render.js";
import { fresh, reused } from "../spans.js";
import { reportOf, runOf } from "./reports.js";

const template = readFileSync("dist/report.html", "utf8");

const HOSTILE =
	"</script><script>alert(1)</script><!-- \u2028 & <img src=x onerror=alert(2)>";

function dataOf(html: string): string {
	const [, data] =
		/<script type="application\/json" id="data">([^<]*)<\/script>/.exec(html) ??
		[];
	return data ?? "";
}

it("embeds texts that cannot end the element they stand in", () => {
	const report = reportOf([runOf(HOSTILE, [fresh({ host: HOSTILE })])], {
		title: HOSTILE,
	});
	const html = renderHtml(report, template);
	const data = dataOf(html);
	expect(data).not.toMatch(/[<>&\u2028\u2029]/);
	expect(JSON.parse(data).title).toBe(HOSTILE);
	expect(html.match(/<script/g)).toEqual(template.match(/<script/g));
});

it("does not take what looks like a pattern of replacement for one", () => {
	const title = "$& $1 $` $'";
	const html = renderHtml(
		reportOf([runOf("run", [reused()])], { title }),
		template,
	);
	expect(JSON.parse(dataOf(html)).title).toBe(title);
});

it("allows its own script and style alone, by their hashes", () => {
	const policy = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(
		template,
	)?.[1];
	const hash = (text: string | undefined) =>
		`'sha256-${createHash("sha256")
			.update(text ?? "")
			.digest("base64")}'`;
	const script = /<script>([\s\S]*)<\/script>/.exec(template)?.[1];
	const style = /<style>([\s\S]*?)<\/style>/.exec(template)?.[1];
	expect(policy?.split("; ")).toEqual([
		"default-src 'none'",
		`script-src ${hash(script)}`,
		`style-src ${hash(style)}`,
		"img-src data:",
		"base-uri 'none'",
		"form-action 'none'",
		"require-trusted-types-for 'script'",
		"trusted-types default",
	]);
});

it("refers to nothing outside and has neither event handlers nor styles in attributes", () => {
	const markup = template.replace(
		/<(script|style)>[\s\S]*?<\/\1>|<!--[\s\S]*?-->/g,
		"",
	);
	expect(markup).not.toMatch(/https?:(?!\/\/www\.w3\.org\/2000\/svg)/);
	expect(markup).not.toMatch(/\s(on\w+|style)=/);
});

it("takes no file for its template that has no place for the data", () => {
	expect(() => renderHtml(reportOf([]), "<html></html>")).toThrow(
		"dist/report.html",
	);
});
