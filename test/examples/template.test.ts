import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { parseDocument, type ScalarTag } from "yaml";
import { readConfiguration } from "../../src/agent/config.js";

const { readPost } = createRequire(import.meta.url)(
	"../../examples/post.js",
) as { readPost(event: unknown): { userId: string } };

const FILE = resolve("examples/template.yaml");

/** CloudFormation's short form of a reference. */
const REF: ScalarTag = {
	tag: "!Ref",
	resolve: (name) => ({ Ref: name }),
};

interface Resource {
	readonly Type: string;
	readonly Properties: Readonly<Record<string, unknown>>;
}

const document = parseDocument(readFileSync(FILE, "utf8"), {
	customTags: [REF],
});
const template = document.toJS() as {
	readonly Transform: string;
	readonly Parameters: Readonly<Record<string, unknown>>;
	readonly Resources: Readonly<Record<string, Resource>>;
	readonly Outputs: unknown;
};

function resource(type: string): Resource {
	const found = Object.values(template.Resources).filter(
		({ Type }) => Type === `AWS::Serverless::${type}`,
	);
	if (found.length !== 1 || !found[0])
		throw new Error(`${found.length} resources of type ${type}`);
	return found[0];
}

const layer = resource("LayerVersion").Properties;
const fn = resource("Function").Properties;
const { Variables: variables } = fn.Environment as {
	readonly Variables: Readonly<Record<string, unknown>>;
};

describe("the SAM template", () => {
	test("is YAML without errors, and a SAM template", () => {
		expect(document.errors).toEqual([]);
		expect(document.warnings).toEqual([]);
		expect(template.Transform).toBe("AWS::Serverless-2016-10-31");
	});

	test("refers to nothing that it does not have", () => {
		const names = [
			...Object.keys(template.Parameters),
			...Object.keys(template.Resources),
		];
		const references = [
			...JSON.stringify(template).matchAll(/\{"Ref":"([^"]+)"\}/g),
		].map(([, name]) => name);
		expect(references.length).toBeGreaterThan(4);
		expect(references.filter((name) => !names.includes(String(name)))).toEqual(
			[],
		);
	});

	test("takes the layer from where it is built, for both architectures", () => {
		expect(resolve("examples", String(layer.ContentUri))).toBe(
			resolve("dist/conntrace-layer.zip"),
		);
		expect(layer.CompatibleRuntimes).toEqual(["nodejs22.x", "nodejs24.x"]);
		expect(layer.CompatibleArchitectures).toEqual(["x86_64", "arm64"]);
		expect(layer.CompatibleRuntimes).toContain(fn.Runtime);
	});

	test("starts an example that is there, with the layer's wrapper and a table", () => {
		const [name, exported] = String(fn.Handler).split(".");
		const file = resolve("examples", String(fn.CodeUri), `${name}.js`);
		expect(existsSync(file)).toBe(true);
		expect(readFileSync(file, "utf8")).toContain(`exports.${exported} = `);
		expect(variables.AWS_LAMBDA_EXEC_WRAPPER).toBe("/opt/conntrace");
		const table = Object.entries(template.Resources).find(
			([, { Type }]) => Type === "AWS::Serverless::SimpleTable",
		);
		expect(variables.TABLE_NAME).toEqual({ Ref: table?.[0] });
		expect(table?.[1].Properties.PrimaryKey).toEqual({
			Name: "userId",
			Type: "String",
		});
	});

	test("sets variables that conntrace reads without a warning", () => {
		const environment = Object.fromEntries(
			Object.entries(variables).map(([name, value]) => [
				name,
				typeof value === "string" ? value : "http://collector.internal:4318",
			]),
		);
		const { warnings, configuration } = readConfiguration(environment);
		expect(warnings).toEqual([]);
		expect(configuration.collector).toBeDefined();
	});

	test("sends events that the handler takes", () => {
		const events = fn.Events as Readonly<
			Record<string, { Properties: { Input: string } }>
		>;
		for (const { Properties } of Object.values(events)) {
			expect(readPost(JSON.parse(Properties.Input))).toMatchObject({
				userId: expect.any(String),
			});
		}
	});
});
