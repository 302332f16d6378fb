import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readConfiguration } from "../../src/agent/config.js";
import { variablesRead } from "../support/variables.js";
import { proseOf } from "./documents.js";

const page = proseOf("docs/configuration.md");

/** The rows of its tables, by the variables in their first cells. */
const rows = new Map(
	[...page.matchAll(/^\| (`[A-Z_]+`.*) +\|$/gm)].flatMap(([, row = ""]) => {
		const cells = row.split("|").map((cell) => cell.trim().replaceAll("`", ""));
		return (cells[0] ?? "").split(", ").map((name) => [name, cells] as const);
	}),
);

/** What is neither a number nor a name nor an address. */
const NONSENSE = "\u0001";

describe("docs/configuration.md", () => {
	it("has every variable that is read", () => {
		for (const name of variablesRead())
			if (/^(OTEL|CONNTRACE)_/.test(name))
				expect(page).toContain(`\`${name}\``);
	});

	it.each([...rows])("tells of %s what its warning tells", (name, cells) => {
		const [, , expected = "", used = ""] = cells;
		const [warning = ""] = readConfiguration({ [name]: NONSENSE }).warnings;
		const [, said = "", fallback = ""] =
			/: expected (.*?)(?: \(.*\))?; using (.*)$/.exec(warning) ?? [];
		expect(expected).toBe(said);
		// Of headers what can be read is used.
		if (said !== "" && fallback !== "the others") expect(used).toBe(fallback);
	});

	it("shows a warning as it is", () => {
		const { warnings } = readConfiguration({ OTEL_BSP_SCHEDULE_DELAY: "soon" });
		expect(readFileSync("docs/configuration.md", "utf8")).toContain(
			`\nconntrace: ${warnings[0]}\n`,
		);
	});
});
