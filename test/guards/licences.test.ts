import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

/** Licences that let their code be passed on in a file of ours, with the notices beside it. */
const ALLOWED = ["0BSD", "Apache-2.0", "BSD-3-Clause", "ISC", "MIT"];

interface Component {
	readonly name: string;
	readonly version: string;
	readonly licenses: readonly [{ readonly expression: string }];
}

const { components } = JSON.parse(
	readFileSync("dist/sbom.cdx.json", "utf8"),
) as { components: readonly Component[] };

describe("the packages inside dist/", () => {
	it("are under licences that allow it", () => {
		for (const { name, licenses } of components)
			expect(ALLOWED, name).toContain(licenses[0].expression);
	});

	it("are all named, each once, with their licences beside the files", () => {
		const notices = readFileSync("dist/THIRD_PARTY_NOTICES", "utf8");
		const names = components.map(({ name, version }) => `${name} ${version}`);
		expect(new Set(names).size).toBe(names.length);
		expect(names).toContain("@opentelemetry/resources 2.12.0");
		for (const name of names) expect(notices).toContain(`${name} (`);
	});

	it("are for the agent few", () => {
		const headings = readFileSync("dist/register.NOTICES", "utf8").match(
			/^\S+ \d\S* \([\w.-]+\)$/gm,
		);
		expect(headings?.map((line) => line.split(" ")[0])).toEqual(
			expect.arrayContaining([
				"@opentelemetry/api",
				"@opentelemetry/resources",
			]),
		);
		expect(headings?.length).toBeLessThanOrEqual(12);
	});
});
