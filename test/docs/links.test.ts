import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, it } from "vitest";

const documents = execFileSync("git", ["ls-files", "*.md"], {
	encoding: "utf8",
})
	.trim()
	.split("\n");

/** A document without its blocks of code, in which nothing is a link or a heading. */
function proseOf(file: string): string {
	return readFileSync(file, "utf8").replace(/^```[\s\S]*?^```$/gm, "");
}

/** The anchors of a document's headings, as GitHub names them. */
function anchorsOf(file: string): string[] {
	return [...proseOf(file).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
		heading
			.toLowerCase()
			.replace(/[^\p{L}\p{N}\s_-]/gu, "")
			.replaceAll(" ", "-"),
	);
}

describe.each(documents)("%s", (file) => {
	const targets = [...proseOf(file).matchAll(/\]\(([^)\s]+)\)/g)]
		.map(([, target = ""]) => target)
		.filter((target) => !/^[a-z]+:/.test(target));

	it("links to what is there", () => {
		for (const target of targets) {
			const [path = "", anchor] = target.split("#");
			const linked = path ? normalize(join(dirname(file), path)) : file;
			expect([target, existsSync(linked)]).toEqual([target, true]);
			if (anchor !== undefined) expect(anchorsOf(linked)).toContain(anchor);
		}
	});

	// That for maintainers names commands of other repositories as well.
	if (file === "CONTRIBUTING.md") return;

	it("names commands of npm that are there", () => {
		const { scripts } = JSON.parse(readFileSync("package.json", "utf8"));
		const named = readFileSync(file, "utf8").matchAll(/npm run ([\w:-]+)/g);
		for (const [, name] of named) expect(Object.keys(scripts)).toContain(name);
	});
});
