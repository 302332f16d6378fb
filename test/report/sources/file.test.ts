import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Source } from "../../../src/report/model.js";
import { readFile } from "../../../src/report/sources/file.js";
import { linesOf } from "../../../src/report/sources/lines.js";
import type { Span } from "../../../src/report/span.js";
import { fresh, reused, span } from "../spans.js";
import { otlpJson } from "./otlp-json.js";

let folder: string;

beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), "conntrace-file-"));
});

afterEach(() => rm(folder, { recursive: true }));

const first = JSON.stringify(otlpJson([fresh(), reused()]));
const second = JSON.stringify(otlpJson([reused()]));

async function read(
	content: string | Buffer,
): Promise<{ source: Source; spans: Span[]; path: string }> {
	const path = join(folder, "spans.jsonl");
	await writeFile(path, content);
	const spans: Span[] = [];
	const source = await readFile(path, { onSpan: (span) => spans.push(span) });
	return { source, spans, path };
}

describe("a file of OTLP JSON", () => {
	it.each([
		["lines", `${first}\n${second}\n`],
		["lines without a last line break", `${first}\n${second}`],
		["lines with blank ones and CRLF", `${first}\r\n\r\n${second}\r\n`],
		["gzip", gzipSync(`${first}\n${second}\n`)],
		[
			"gzip in several members",
			Buffer.concat([gzipSync(`${first}\n`), gzipSync(second)]),
		],
		["answers of Jaeger", `{"result":${first}}\n{"result":${second}}`],
	])("as %s", async (_, content) => {
		const { source, spans } = await read(content);
		expect(spans).toHaveLength(3);
		expect(source).toMatchObject({ spans: 3, foreignSpans: 0, skipped: [] });
	});

	it("as one indented document", async () => {
		const { source } = await read(
			JSON.stringify(otlpJson([fresh(), reused()]), undefined, 2),
		);
		expect(source).toMatchObject({ spans: 2, skipped: [] });
	});

	it("with spans of other instrumentations", async () => {
		const foreign = otlpJson([
			span("GET", 0, 1, { "http.request.method": "GET" }),
		]);
		const text = JSON.stringify(foreign).replace('"conntrace"', '"undici"');
		const { source, spans } = await read(`${text}\n${second}\n`);
		expect(spans).toHaveLength(1);
		expect(source).toMatchObject({ spans: 2, foreignSpans: 1, skipped: [] });
	});
});

describe("what cannot be read is told with its line and counted", () => {
	it.each([
		["a truncated line", first.slice(0, 100), "not JSON: "],
		["a line that is no JSON", "spans", "not JSON: "],
		[
			"JSON of another kind",
			"[1]",
			'no OTLP: expected an object with "resourceSpans"',
		],
		["a null", "null", "no OTLP: "],
		["metrics", '{"resourceMetrics":[]}', "metrics or logs, not traces"],
		[
			"Jaeger's own JSON",
			'{"data":[{"traceID":"1"}]}',
			"Jaeger's own JSON, not OTLP",
		],
		[
			"a report",
			'{"format":1,"conntraceVersion":"1","runs":[]}',
			"a report that conntrace has written",
		],
		[
			"a wrong span",
			'{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"x"}]}]}]}',
			"resourceSpans[0].scopeSpans[0].spans[0].traceId: expected 32 hexadecimal digits",
		],
	])("%s", async (_, line, problem) => {
		for (const content of [
			`${first}\n${line}\n${second}\n${line}\n`,
			`${line}\n${first}\n${line}\n${second}\n`,
		]) {
			const { source, path } = await read(content);
			expect(source.spans).toBe(3);
			expect(source.skipped).toHaveLength(1);
			const [skipped] = source.skipped;
			expect(skipped?.count).toBe(2);
			const number = content.startsWith(first) ? 2 : 1;
			expect(skipped?.message).toContain(`${path}:${number}: ${problem}`);
		}
	});

	it("a file without anything that can be read", async () => {
		const { source, path } = await read("a\nb\n");
		expect(source.spans).toBe(0);
		expect(
			source.skipped
				.map(({ message }) => message.slice(0, path.length + 2))
				.sort(),
		).toEqual([`${path}:1`, `${path}:2`]);
	});

	it("gzip that ends too early, with what came before it", async () => {
		const lines = Array.from({ length: 500 }, (_, at) =>
			JSON.stringify(otlpJson([reused({ at, connection: `p-${at * 7919}` })])),
		).join("\n");
		const whole = gzipSync(lines);
		const { source, path } = await read(whole.subarray(0, whole.length - 2000));
		expect(source.spans).toBeGreaterThan(0);
		expect(source.spans).toBeLessThan(500);
		expect(source.skipped.at(-1)?.message).toMatch(
			`${path}: damaged gzip: unexpected end of file`,
		);
	});

	it("zstd", async () => {
		const { source } = await read(Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0]));
		expect(source.skipped[0]?.message).toContain("decompress it first");
	});

	it("nothing at all", async () => {
		expect((await read("")).source).toMatchObject({ spans: 0, skipped: [] });
	});

	it("many different problems, in a bounded list", async () => {
		const lines = Array.from({ length: 100 }, (_, index) =>
			first.replace(/"traceId":"0+"/, `"traceId":"x${index}"`),
		);
		const { source } = await read(`${first}\n${lines.join("\n")}\n`);
		expect(source.skipped.length).toBeLessThan(20);
		expect(source.skipped.reduce((sum, { count }) => sum + count, 0)).toBe(100);
	});
});

it("says that a file is not there", async () => {
	await expect(
		readFile(join(folder, "nothing"), { onSpan() {} }),
	).rejects.toThrow("ENOENT");
});

it("splits lines wherever the chunks end, and holds none that is too long", async () => {
	const text = "é\nlong line\n\nlast";
	for (let size = 1; size <= Buffer.byteLength(text); size++) {
		const chunks = (async function* () {
			const bytes = Buffer.from(text);
			for (let at = 0; at < bytes.length; at += size) {
				yield bytes.subarray(at, at + size);
			}
		})();
		const lines = [];
		for await (const line of linesOf(chunks, 4)) lines.push(line);
		expect(lines).toEqual([
			{ number: 1, text: "é", tooLong: false },
			{ number: 2, text: "", tooLong: true },
			{ number: 3, text: "", tooLong: false },
			{ number: 4, text: "last", tooLong: false },
		]);
	}
});
