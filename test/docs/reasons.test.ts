import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { REASONS } from "../../src/connections/reason.js";
import { REASON_ADVICE } from "../../src/report/advice.js";

const sections = readFileSync("docs/reasons.md", "utf8")
	.split(/^## /m)
	.slice(1);

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
});
