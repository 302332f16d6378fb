import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect } from "vitest";
import { layer, test } from "../support/lambda.js";

const ZIP = resolve("dist/conntrace-layer.zip");

describe("the layer", () => {
	test("is small, and the same files give the same bytes", () => {
		const first = readFileSync(ZIP);
		expect(first.length).toBeLessThan(150 * 1024);
		execFileSync(process.execPath, [resolve("scripts/layer.mjs")], {
			cwd: "/",
			env: { TZ: "Pacific/Auckland" },
		});
		expect(readFileSync(ZIP).equals(first)).toBe(true);
	});

	test("keeps the wrapper executable", () => {
		expect(modesOf(readFileSync(ZIP))).toEqual({
			conntrace: "100755",
			"conntrace-layer/LICENSE": "100644",
			"conntrace-layer/register.js": "100644",
			"conntrace-layer/THIRD_PARTY_NOTICES": "100644",
		});
	});

	test("keeps NODE_OPTIONS and arguments as they are", async () => {
		const wrapper = await layer();
		const run = (options: string | undefined) =>
			JSON.parse(
				execFileSync(
					wrapper,
					[
						process.execPath,
						"-p",
						"JSON.stringify([process.env.NODE_OPTIONS, process.argv.slice(1)])",
						"two words",
						"$HOME",
					],
					{
						encoding: "utf8",
						env: {
							OTEL_SDK_DISABLED: "true",
							...(options !== undefined && { NODE_OPTIONS: options }),
						},
					},
				),
			);
		const own = `--require ${wrapper}-layer/register.js`;
		expect(run(undefined)).toEqual([own, ["two words", "$HOME"]]);
		expect(run("--no-warnings --max-http-header-size=9000")).toEqual([
			`--no-warnings --max-http-header-size=9000 ${own}`,
			["two words", "$HOME"],
		]);
	});
});

/** Reads the modes of a zip's files from its central directory. */
function modesOf(zip: Buffer): Record<string, string> {
	const modes: Record<string, string> = {};
	let at = zip.readUInt32LE(zip.length - 6);
	while (zip.readUInt32LE(at) === 0x02014b50) {
		const length = zip.readUInt16LE(at + 28);
		const name = zip.toString("utf8", at + 46, at + 46 + length);
		modes[name] = (zip.readUInt32LE(at + 38) >>> 16).toString(8);
		at += 46 + length + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
	}
	return modes;
}
