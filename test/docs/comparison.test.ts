import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, inject, it } from "vitest";
import { proseOf } from "./documents.js";

/** Starts the program once for each peer that is installed. */
const RUN_MS = 120_000;

const [head = [], , ...rows] = [
	...proseOf("docs/comparison.md").matchAll(/^\| (.*) \|$/gm),
].map(([, row = ""]) => row.split(" | ").map((cell) => cell.trim()));

it(
	"docs/comparison.md has what a run says of each agent that is here",
	async () => {
		const file = join(inject("temporaryDirectory"), "comparison.json");
		await promisify(execFile)(process.execPath, [
			"bench/compare.mjs",
			"--json",
			file,
		]);
		const columns: Record<string, Record<string, string>> = JSON.parse(
			await readFile(file, "utf8"),
		);
		// What the project itself is built with.
		expect(Object.keys(columns)).toEqual(
			expect.arrayContaining(["conntrace", "OpenTelemetry dns + net"]),
		);
		for (const [name, facts] of Object.entries(columns)) {
			const column = head.indexOf(name);
			const told = rows.map((row) => [row[0], row[column]]);
			expect([name, Object.fromEntries(told)]).toEqual([name, facts]);
		}
	},
	RUN_MS,
);
