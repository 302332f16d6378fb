import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path";
import { describe, expect, it } from "vitest";
import { DOCUMENTS, inlineCodeOf, proseOf } from "./documents.js";

/** Tests by their names alone, as tables have them beside others of the same folder. */
const tests = (readdirSync("test", { recursive: true }) as string[]).map(
	(path) => basename(path),
);

/** The anchors of a document's headings, as GitHub names them. */
function anchorsOf(file: string): string[] {
	return [...proseOf(file).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
		heading
			.toLowerCase()
			.replace(/[^\p{L}\p{N}\s_-]/gu, "")
			.replaceAll(" ", "-"),
	);
}

describe.each(DOCUMENTS)("%s", (file) => {
	const targets = [
		...proseOf(file).matchAll(/\]\(([^)\s]+)\)|\bsrc(?:set)?="([^"]+)"/g),
	]
		.map(([, link, image]) => link ?? image ?? "")
		.filter((target) => !/^[a-z]+:/.test(target));

	it("links to what is there", () => {
		for (const target of targets) {
			const [path = "", anchor] = target.split("#");
			const linked = path ? normalize(join(dirname(file), path)) : file;
			expect([target, existsSync(linked)]).toEqual([target, true]);
			if (anchor !== undefined) expect(anchorsOf(linked)).toContain(anchor);
		}
	});

	it("names files that are there", () => {
		for (const code of inlineCodeOf(file)) {
			if (
				/^(src|test|bench|docs|scripts|examples|otel|dist)\/[\w./-]+$/.test(
					code,
				)
			)
				expect([code, existsSync(code)]).toEqual([code, true]);
			else if (/^[\w-]+\.test\.ts$/.test(code)) expect(tests).toContain(code);
		}
	});
});

it("lists every page of docs/ in its index", () => {
	const index = proseOf("docs/README.md");
	for (const file of DOCUMENTS) {
		const [, page] = /^docs\/(?!README)(.*)$/.exec(file) ?? [];
		if (page) expect(index).toContain(`](${page})`);
	}
});
