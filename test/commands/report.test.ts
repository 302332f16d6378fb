import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, inject, it } from "vitest";
import type { Report } from "../../src/report/model.js";
import { otlpJson } from "../report/sources/otlp-json.js";
import { fresh, reused, span } from "../report/spans.js";
import { conntrace, rowsOf } from "./conntrace.js";

let files = 0;
async function fileWith(content: string | Buffer): Promise<string> {
	files += 1;
	const path = join(inject("temporaryDirectory"), `report-${files}.jsonl`);
	await writeFile(path, content);
	return path;
}

const before = `${JSON.stringify(
	otlpJson([
		fresh({ duration: 30, setup: 20 }),
		fresh({ duration: 30, setup: 20, reason: "keep_alive_disabled" }),
	]),
)}\n`;
const after = `${JSON.stringify(otlpJson([fresh({ duration: 30, setup: 20 }), reused({ duration: 2 })]))}\n`;

const UNREADABLE: readonly [
	what: string,
	source: () => string | Promise<string>,
	message: string,
][] = [
	[
		"no such file",
		() => "/no/such/file",
		"Could not read /no/such/file: ENOENT",
	],
	["an empty file", () => fileWith(""), "no spans could be read"],
	[
		"a file of something else",
		() => fileWith("a\nb\n"),
		"no spans could be read",
	],
	[
		"spans of others alone",
		() =>
			fileWith(
				JSON.stringify(otlpJson([span("GET", 0, 1)])).replace(
					'"conntrace"',
					'"other"',
				),
			),
		"none of the 1 spans is of conntrace",
	],
	[
		"a Jaeger that does not answer",
		() => "http://127.0.0.1:1",
		"http://127.0.0.1:1/api/v3/services does not answer: ",
	],
];

describe.concurrent("conntrace report", () => {
	it("sums up several files as one", async () => {
		const [plain, zipped] = [
			await fileWith(before),
			await fileWith(gzipSync(after)),
		];
		const { status, stdout, stderr } = await conntrace([
			"report",
			plain,
			zipped,
		]);
		expect([status, stderr]).toEqual([0, ""]);
		expect(stdout).toContain(`conntrace: ${plain}, ${zipped}\n`);
		expect(rowsOf(stdout)["a.example:443"]?.slice(1, 4)).toEqual([
			"4",
			"3",
			"25.0 %",
		]);
		expect(stdout).toContain(
			"Up to 20.0 ms of set-up saved in this run (1 request).",
		);
	});

	it("sets two side by side", async () => {
		const json = await fileWith("");
		const { status, stdout } = await conntrace([
			"report",
			"--compare",
			await fileWith(before),
			await fileWith(after),
			"--json",
			json,
		]);
		expect(status).toBe(0);
		const rows = rowsOf(stdout);
		expect(rows.fresh).toEqual(["2", "1", "-50.0 %"]);
		expect(rows.keep_alive_disabled).toEqual(["1", "0", "-100.0 %"]);
		const report = JSON.parse(await readFile(json, "utf8")) as Report;
		expect(report.kind).toBe("comparison");
		expect(report.runs.map(({ overall }) => overall.fresh)).toEqual([2, 1]);
	});

	it("reads standard input and writes JSON to standard output, and nothing else", async () => {
		const { status, stdout, stderr } = await conntrace(
			["report", "--json", "-", "-"],
			{ input: gzipSync(before) },
		);
		expect([status, stderr]).toEqual([0, ""]);
		const report = JSON.parse(stdout) as Report;
		expect(report.runs[0]).toMatchObject({
			name: "(standard input)",
			overall: { requests: 2, fresh: 2 },
			sources: [{ spans: 2 }],
		});
	});

	it("counts what it skips", async () => {
		const file = await fileWith(`${before}{"resourceSpans\n${after}{\n{\n`);
		const { status, stdout, stderr } = await conntrace(["report", file]);
		expect(status).toBe(0);
		expect(rowsOf(stdout)["a.example:443"]?.[1]).toBe("4");
		expect(stderr).toContain(`${file}:2: not JSON: `);
		expect(stderr).toMatch(
			/:4: not JSON: .* \(and 1 more like it\): skipped\n/,
		);
	});

	it.for(UNREADABLE)(
		"fails where nothing could be read: %s",
		async ([, source, message]) => {
			const { status, stdout, stderr } = await conntrace([
				"report",
				await source(),
			]);
			expect([status, stdout]).toEqual([1, ""]);
			expect(stderr).toContain("conntrace: ");
			expect(stderr).toContain(message);
			expect(stderr).not.toContain("    at ");
		},
	);

	it("says what it expected of its arguments", async () => {
		const file = await fileWith(before);
		for (const [args, message] of [
			[
				["--compare", file],
				"--compare needs two sources, before and after; got 1",
			],
			[["--compare", file, file], `${file} is given twice`],
			[
				["--lookback", "1 week", file],
				"Expected a number and s, m, h or d, such as 30m.",
			],
			[["--limit", "0", file], "Expected a whole number from 1."],
			[[], "missing required argument 'source'"],
		] as const) {
			const { status, stderr } = await conntrace(["report", ...args]);
			expect(status).toBe(1);
			expect(stderr).toContain(message);
		}
	});

	it("reads far more than it has memory for", async () => {
		const lines = Array.from({ length: 800 }, (_, batch) =>
			JSON.stringify(
				otlpJson(
					Array.from({ length: 100 }, (_, index) =>
						reused({
							at: batch * 100 + index,
							duration: 1 + (index % 10),
							connection: `p-${batch}`,
							more: { "url.full": `http://a.example/${"x".repeat(100)}` },
						}),
					),
				),
			),
		);
		const file = await fileWith(lines.join("\n"));
		const end = await conntrace(["report", file], {
			nodeOptions: ["--max-old-space-size=40"],
		});
		const { status, stdout, stderr } = end;
		expect([status, stderr]).toEqual([0, ""]);
		expect(rowsOf(stdout)["a.example:443"]?.[1]).toBe("80000");
	});
});

it("has help with examples for every command", async () => {
	const general = await conntrace(["--help"]);
	expect(general.stdout).toContain("Examples:");
	const commands = [...general.stdout.matchAll(/^ {2}(\w+) \[options\]/gm)].map(
		([, name = ""]) => name,
	);
	expect(commands).toEqual(expect.arrayContaining(["run", "report"]));
	for (const command of commands) {
		const { status, stdout } = await conntrace([command, "--help"]);
		expect(status).toBe(0);
		expect(stdout).toMatch(
			new RegExp(`\\nExamples:\\n  conntrace ${command}\\s`),
		);
	}
	expect((await conntrace(["--version"])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});
