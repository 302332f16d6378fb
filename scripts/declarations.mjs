// Builds dist/types/: the declarations that the entries of the package lead to.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const compiler = "node_modules/typescript/bin/tsc";

/** @param entries names of declarations, from the folder of the sources, without an extension */
export async function buildDeclarations(entries, target) {
	const all = await mkdtemp(join(tmpdir(), "conntrace-types-"));
	try {
		execFileSync(
			process.execPath,
			[compiler, "-p", "tsconfig.types.json", "--outDir", all],
			{ stdio: "inherit" },
		);
		await rm(target, { recursive: true, force: true });
		for (const file of await reachable(all, entries)) {
			await cp(join(all, file), join(target, file));
		}
	} finally {
		await rm(all, { recursive: true });
	}
}

async function reachable(folder, entries) {
	const files = new Set();
	const waiting = entries.map((entry) => `${entry}.d.ts`);
	for (let file = waiting.pop(); file; file = waiting.pop()) {
		if (files.has(file)) continue;
		files.add(file);
		const text = await readFile(join(folder, file), "utf8");
		for (const [, path] of text.matchAll(/(?:from|import\()\s*"(\.[^"]*)"/g)) {
			const target = join(dirname(file), path).replace(/\.js$/, "");
			waiting.push(
				existsSync(join(folder, `${target}.d.ts`))
					? `${target}.d.ts`
					: `${target}/index.d.ts`,
			);
		}
	}
	return files;
}
