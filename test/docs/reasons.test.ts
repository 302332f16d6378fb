import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { REASONS } from "../../src/connections/reason.js";
import { REASON_ADVICE } from "../../src/report/advice.js";

/** In the place of what a template is filled with. */
const HOLE = "\0";

/** The strings in a source, with holes. */
function stringsIn(source: string): string[] {
	const strings: string[] = [];
	for (let rest = source; ; ) {
		const begin = rest.search(/["`]/);
		if (begin < 0) return strings;
		const quote = rest[begin];
		let text = "";
		let at = begin + 1;
		for (; at < rest.length && rest[at] !== quote; at++) {
			if (quote === "`" && rest.startsWith("${", at)) {
				text += HOLE;
				at = endOfHole(rest, at);
			} else {
				text += rest[at];
			}
		}
		strings.push(text);
		rest = rest.slice(at + 1);
	}
}

function endOfHole(source: string, begin: number): number {
	let depth = 0;
	for (let at = begin + 1; ; at++) {
		if (source[at] === "{") depth += 1;
		if (source[at] === "}") depth -= 1;
		if (depth === 0) return at;
	}
}

const escaped = (text: string): string =>
	text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");

const sections = readFileSync("docs/reasons.md", "utf8")
	.split(/^## /m)
	.slice(1);

/** What the model and the hooks can say, as patterns: what stands in a template may be anything. */
const SAYINGS = readdirSync("src", { recursive: true, encoding: "utf8" })
	.filter((file) => /^(connections|hooks)\/.*\.ts$/.test(file))
	.flatMap((file) => stringsIn(readFileSync(join("src", file), "utf8")))
	// Of fewer words anything would be a match.
	.filter((text) => text.split(HOLE).join("").length >= 12)
	.map((text) => new RegExp(`^${text.split(HOLE).map(escaped).join(".*")}$`));

describe("docs/reasons.md", () => {
	it("has a section for every reason, in the order of the contract", () => {
		expect(sections.map((section) => section.split("\n")[0])).toEqual([
			...REASONS,
		]);
	});

	it.each(REASONS)(
		"says of %s what the summary and the report say",
		(reason) => {
			const section = sections.find((text) => text.startsWith(`${reason}\n`));
			expect(section).toContain(`\n${REASON_ADVICE[reason].sentence}\n`);
		},
	);

	it.each(REASONS)("shows of %s a detail that can be said", (reason) => {
		const section = sections.find((text) => text.startsWith(`${reason}\n`));
		const [, detail = ""] = /^> (.*)$/m.exec(section ?? "") ?? [];
		expect(
			SAYINGS.some((pattern) => pattern.test(detail)),
			detail,
		).toBe(true);
	});
});

it("a detail that nobody says is found", () => {
	const detail = "idle 5 ms, closed by the cat";
	expect(SAYINGS.some((pattern) => pattern.test(detail))).toBe(false);
});
