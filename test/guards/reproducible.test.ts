import { execFileSync } from "node:child_process";
import {
	cpSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	statSync,
	symlinkSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { expect, inject, it } from "vitest";
import { BUILD_SOURCES } from "../support/build-sources.js";

it("dist/ is the same, byte for byte, wherever it is built", () => {
	const elsewhere = mkdtempSync(join(inject("temporaryDirectory"), "build-"));
	for (const name of BUILD_SOURCES)
		cpSync(name, join(elsewhere, name), { recursive: true });
	symlinkSync(resolve("node_modules"), join(elsewhere, "node_modules"));
	for (const script of ["build", "layer"])
		execFileSync(process.execPath, [`scripts/${script}.mjs`], {
			cwd: elsewhere,
		});
	const files = readdirSync(join(elsewhere, "dist"), {
		recursive: true,
		encoding: "utf8",
	}).filter((name) => statSync(join(elsewhere, "dist", name)).isFile());
	expect(files).toEqual(
		expect.arrayContaining(["register.js", "conntrace-layer.zip", "index.js"]),
	);
	for (const file of files) {
		const here = readFileSync(join("dist", file));
		expect(here.equals(readFileSync(join(elsewhere, "dist", file))), file).toBe(
			true,
		);
		expect(here.includes(process.cwd()), file).toBe(false);
	}
}, 180_000);
