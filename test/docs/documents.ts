import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Every document of the repository. */
export const DOCUMENTS: readonly string[] = execFileSync(
	"git",
	["ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
	{ encoding: "utf8" },
)
	.trim()
	.split("\n");

export interface Block {
	/** What stands behind the three ticks. */
	readonly language: string;
	readonly code: string;
	/** File and line, for whoever has to find it. */
	readonly place: string;
}

const BLOCK = /^([ \t]*)```(.*)\n([\s\S]*?)^\1```$/gm;

export function blocksOf(file: string): Block[] {
	const text = readFileSync(file, "utf8");
	return [...text.matchAll(BLOCK)].map(
		([, , language = "", code = ""], index, all) => ({
			language,
			code,
			place: `${file}:${text.slice(0, all[index]?.index).split("\n").length}`,
		}),
	);
}

/** A document without its blocks of code, in which nothing is a link or a heading. */
export function proseOf(file: string): string {
	return readFileSync(file, "utf8").replace(BLOCK, "");
}

/** What stands between ticks in the text of a document. */
export function inlineCodeOf(file: string): string[] {
	return [...proseOf(file).matchAll(/`([^`]+)`/g)].map(([, code = ""]) =>
		code.replaceAll(/\s+/g, " "),
	);
}
