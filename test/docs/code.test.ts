import { execFile } from "node:child_process";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { describe, expect, inject, it, vi } from "vitest";
import { parseAllDocuments } from "yaml";
import { type Block, blocksOf, DOCUMENTS } from "./documents.js";

// The compiler takes seconds, whatever else the machine has to do.
vi.setConfig({ testTimeout: 120_000 });

const blocks = DOCUMENTS.flatMap(blocksOf);

const written = (...languages: string[]): Block[] =>
	blocks.filter(({ language }) => languages.includes(language));

/** What the compiler says of the code, with the places of the documents. */
async function check(
	name: string,
	code: readonly Block[],
	{ strict }: { strict: boolean },
): Promise<string> {
	// Beside the packages that a user of the library has, below those of this project.
	const outside = join(inject("temporaryDirectory"), name);
	const folder = join(outside, "code");
	await mkdir(folder, { recursive: true });
	await symlink(resolve("node_modules"), join(outside, "node_modules"));
	await symlink(
		resolve("test/library/otel-2/node_modules"),
		join(folder, "node_modules"),
	);
	const places = new Map<string, string>();
	for (const [index, { language, code: text, place }] of code.entries()) {
		const file = `${index}.${language === "ts" ? "mts" : text.includes("require(") ? "cjs" : "mjs"}`;
		places.set(file, place);
		await writeFile(join(folder, file), text);
	}
	await writeFile(
		join(folder, "tsconfig.json"),
		JSON.stringify({
			compilerOptions: {
				strict,
				noEmit: true,
				allowJs: true,
				checkJs: true,
				skipLibCheck: true,
				target: "es2022",
				module: "nodenext",
				types: ["node"],
				paths: {
					conntrace: [resolve("dist/types/index.d.ts")],
					"conntrace/*": [
						resolve("dist/types/*/index.d.ts"),
						resolve("dist/types/*.d.ts"),
					],
				},
			},
		}),
	);
	const { stdout } = await promisify(execFile)(process.execPath, [
		resolve("node_modules/typescript/bin/tsc"),
		"--pretty",
		"false",
		"-p",
		folder,
	]).catch((failure: { stdout: string }) => failure);
	return stdout.replaceAll(
		/^.*?(\d+\.[mc][tj]s)/gm,
		(line, file) => places.get(file) ?? line,
	);
}

describe("code in documents", () => {
	it("is in a language that a test knows", () => {
		for (const { language, place } of blocks)
			expect(
				["", "js", "ts", "sh", "json", "yaml", "mermaid"],
				place,
			).toContain(language);
	});

	it("is what the compiler takes with the declarations of this package", async () => {
		expect(await check("ts", written("ts"), { strict: true })).toBe("");
		// Nobody writes types in JavaScript.
		expect(await check("js", written("js"), { strict: false })).toBe("");
	});

	it.each(["ts", "js"])(
		"would be found if it did not take it: %s",
		async (language) => {
			const code = `import { onRequests } from "conntrace/facts";\nonRequests();`;
			expect(
				await check(
					`wrong-${language}`,
					[{ language, code, place: "a.md:7" }],
					{
						strict: false,
					},
				),
			).toMatch(/^a\.md:7.*onRequests/);
		},
	);

	it.each(written("json"))("is JSON: $place", ({ code }) => {
		JSON.parse(code);
	});

	it.each(written("yaml"))("is YAML: $place", ({ code }) => {
		for (const { errors } of parseAllDocuments(code))
			expect(errors).toEqual([]);
	});
});
