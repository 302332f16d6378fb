import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { describe, expect, inject } from "vitest";
import { runProgram } from "../support/run-program.js";
import { test } from "../support/scenario.js";
import { blocksOf } from "./documents.js";

const page = readFileSync("docs/facts.md", "utf8");
const examples = blocksOf("docs/facts.md").map(({ code }) => code);

/** What comes after an example: two requests, and the end of what the example waits for. What it dumps is one line. */
const REQUESTS = `
console.dir = (value) =>
	console.log("dump", require("node:util").inspect(value, { depth: 4, breakLength: Infinity, compact: true }));

const get = (path) =>
	new Promise((resolve) => {
		require("node:http").get(process.argv[2] + path, (response) => {
			response.resume().on("end", () => setImmediate(resolve));
		});
	});

(async () => {
	await get("/a");
	await get("/b");
	await globalThis.reader?.shutdown();
})();
`;

/** Names of the fields that an interface of src/facts/facts.ts has itself. */
function fieldsOf(name: string): string[] {
	const source = readFileSync("src/facts/facts.ts", "utf8");
	const body = new RegExp(`interface ${name}\\b.*?\\{\\n(.*?)^\\}`, "ms").exec(
		source,
	)?.[1];
	return [...(body ?? "").matchAll(/^\treadonly (\w+)/gm)].map(
		([, field = ""]) => field,
	);
}

/** What the tables below a heading have in their first column. */
function tableFields(heading: string): string[] {
	const section = page
		.split(/^## /m)
		.find((text) => text.startsWith(`${heading}\n`));
	return [...(section ?? "").matchAll(/^\| `(\w+)` +\|/gm)].map(
		([, field = ""]) => field,
	);
}

const sorted = (names: readonly string[]): string[] => names.toSorted();

describe.concurrent("docs/facts.md", () => {
	test("names the fields that there are", () => {
		expect(sorted(tableFields("A request"))).toEqual(
			sorted(
				["EndpointFacts", "ReasonFacts", "SetupFacts", "RequestFacts"]
					.concat("AwsFacts")
					.flatMap(fieldsOf),
			),
		);

		expect(
			sorted(tableFields("A connection")).filter(
				(field) => !/^(opened|secured|failed|closed)$/.test(field),
			),
		).toEqual(
			sorted([
				...new Set(
					[
						"ConnectionBase",
						"ConnectionReady",
						"ConnectionFailed",
						"ConnectionClosed",
					]
						.flatMap(fieldsOf)
						.filter((field) => field !== "connectionId"),
				),
			]),
		);
	});

	test.for(examples.map((code, index) => [index + 1, code] as const))(
		"example %i runs",
		async ([, code], { http }) => {
			const file = join(inject("temporaryDirectory"), `${randomUUID()}.cjs`);
			await writeFile(
				file,
				code
					.replace("conntrace/facts", resolve("dist/facts.js"))
					.replace("const reader =", "const reader = globalThis.reader =") +
					REQUESTS,
			);
			const { exitCode, stderr, stdout } = await runProgram(file, {
				arguments: [http.origin],
				environment: { NODE_PATH: resolve("node_modules") },
			});
			expect([exitCode, stderr]).toEqual([0, ""]);
			for (const [asked, answer] of SAYS)
				if (code.includes(asked)) expect(stdout).toMatch(answer);
		},
	);
});

/** What examples print when two requests are made on one connection. */
const SAYS = [
	[
		"onRequest",
		/^GET http:\/\/localhost:\d+ took .* ms, fresh: first_connection/,
	],
	['subscribe("conntrace', /\/b was request 2 on connection \w+-1\n/],
	["ConsoleMetricExporter", /http\.client\.open_connections/],
] as const;
