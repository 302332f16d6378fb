import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { describe, expect, it } from "vitest";
import { FINDING_CODES } from "../../src/connections/findings.js";
import { REASONS } from "../../src/connections/reason.js";
import { Attribute, MetricName, SpanName } from "../../src/spans/names.js";
import { variablesRead } from "../support/variables.js";
import { DOCUMENTS, inlineCodeOf, proseOf } from "./documents.js";

const NAMES: string[] = [Attribute, MetricName, SpanName].flatMap((names) =>
	Object.values(names),
);

/** Values, and names that the documents say are not exported. */
const NAMES_OF_OTHERS = ["aws.dynamodb", "peer.ipv4"];

/** The first parts of names, by which one is told from other code. */
const NAMESPACES = new Set(NAMES.map((name) => name.split(".")[0]));

/** What looks like a name of a span, a metric or an attribute, and is none. */
function wrongNames(code: string): string[] {
	return (code.match(/^[a-z\d_]+(\.[a-z\d_]+)+$/) ?? [])
		.slice(0, 1)
		.filter(
			(name) =>
				NAMESPACES.has(name.split(".")[0]) &&
				!NAMES.includes(name) &&
				!NAMES_OF_OTHERS.includes(name) &&
				!/\.ts$/.test(name) &&
				!isOfNode(name),
		);
}

/** A function of a module of Node: `tls.connect`. */
function isOfNode(name: string): boolean {
	const [module = "", ...path] = name.split(".");
	if (!builtinModules.includes(module)) return false;
	const loaded: unknown = process.getBuiltinModule(module);
	return (
		path.reduce<unknown>(
			(object, key) => (object as Record<string, unknown> | undefined)?.[key],
			loaded,
		) !== undefined
	);
}

/** Variables of the commands, the tests and the measurements. */
const OTHER_VARIABLES = execFileSync(
	"git",
	["grep", "-ohE", "process\\.env\\.CONNTRACE_[A-Z_]+"],
	{ encoding: "utf8" },
)
	.trim()
	.split("\n")
	.map((text) => text.replace("process.env.", ""));

/** Of `@opentelemetry/auto-instrumentations-node`, which docs/library.md tells how to use. */
const VARIABLES_OF_OTHERS = ["OTEL_NODE_DISABLED_INSTRUMENTATIONS"];

const VARIABLES = [
	...variablesRead(),
	...OTHER_VARIABLES,
	...VARIABLES_OF_OTHERS,
];

const variablesIn = (text: string): string[] => [
	// A name that ends in an underscore is the beginning of several.
	...new Set(text.match(/\b(CONNTRACE|OTEL)(_[A-Z\d]+)+\b(?!_)/g)),
];

describe.each(DOCUMENTS)("%s", (file) => {
	it("names variables that are read", () => {
		for (const name of variablesIn(readFileSync(file, "utf8")))
			expect(VARIABLES).toContain(name);
	});

	it("names spans, metrics and attributes that are written", () => {
		expect(inlineCodeOf(file).flatMap(wrongNames)).toEqual([]);
	});

	it("takes nothing for a reason or a finding that is none", () => {
		const rows = proseOf(file).matchAll(
			/`conntrace\.(?:connection\.reason|findings)[=` ]+`?([a-z_]+)`/g,
		);
		for (const [, code] of rows)
			expect([...REASONS, ...FINDING_CODES]).toContain(code);
	});
});

describe("docs/trace-contract.md", () => {
	const page = proseOf("docs/trace-contract.md");
	const codes = new Set(inlineCodeOf("docs/trace-contract.md"));

	it("has every name of a span and an attribute", () => {
		for (const name of Object.values(Attribute))
			if (name !== Attribute.httpConnectionState)
				expect(isTold(name, codes), name).toBe(true);
		for (const name of Object.values(SpanName))
			expect(readFileSync("docs/trace-contract.md", "utf8")).toContain(name);
	});

	it.each([
		["Reasons for a fresh connection", REASONS],
		["Findings", FINDING_CODES],
	])("has all of these and no other, in their order: %s", (heading, codes) => {
		const section = page
			.split(/^## /m)
			.find((text) => text.startsWith(`${heading}\n`));
		const rows = [...(section ?? "").matchAll(/^\| (`.*?`) +\|/gm)].flatMap(
			([, cell = ""]) =>
				[...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code),
		);
		expect(rows).toEqual([...codes]);
	});
});

/** Beside its value: `rpc.system.name` = `aws-api`. */
function isTold(name: string, codes: ReadonlySet<string>): boolean {
	return [...codes].some((code) => code.split(/[ =]/)[0] === name);
}

it("CHANGELOG.md counts the reasons as they are", () => {
	expect(proseOf("CHANGELOG.md")).toContain(`- ${REASONS.length} [reasons]`);
});

it("docs/facts.md has every metric and its attributes", () => {
	const codes = inlineCodeOf("docs/facts.md");
	for (const name of [
		...Object.values(MetricName),
		Attribute.httpConnectionState,
	])
		expect(codes).toContain(name);
});

describe("what is not there", () => {
	it.each([
		"conntrace.connection.agee",
		"tls.server.name",
		"tcp.connected",
		"dns.lookups",
	])("is found: %s", (name) => {
		expect(wrongNames(name)).toEqual([name]);
	});

	it("is found: a variable", () => {
		expect(
			variablesIn("`CONNTRACE_NOTHING=1` or OTEL_EXPORTER_OTLP_* ").filter(
				(name) => !VARIABLES.includes(name),
			),
		).toEqual(["CONNTRACE_NOTHING"]);
	});
});
