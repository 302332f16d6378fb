// Builds dist/ with esbuild: each entry becomes one file.
import { chmod, readFile } from "node:fs/promises";
import { build } from "esbuild";
import { BundledPackages } from "./bundled-packages.mjs";
import { buildDeclarations } from "./declarations.mjs";
import { buildReportPage } from "./report-page.mjs";

/**
 * The agent's copy of the OpenTelemetry API keeps what is registered with it under a key of its own, so that it never
 * meets the API of the program that it is loaded into.
 */
const privateOpenTelemetryApi = {
	name: "private-opentelemetry-api",
	setup({ onLoad }) {
		const shared = /Symbol\.for\(`opentelemetry\.js\.api\.\$\{major\}`\)/;
		onLoad(
			{ filter: /@opentelemetry\/api\/.*global-utils\.js$/ },
			async ({ path }) => {
				const source = await readFile(path, "utf8");
				if (!shared.test(source)) {
					throw new Error(`${path} does not name its global key as expected`);
				}
				return { contents: source.replace(shared, "Symbol('conntrace.api')") };
			},
		);
	},
};

/**
 * What is imported by name from Node's modules is what stood there when the agent was loaded: a program that puts a
 * function of its own in such a place is called by nobody else, and the agent does not depend on it. A default import is
 * the module itself, as hooks need it.
 */
const nodesModulesAsLoaded = {
	name: "nodes-modules-as-loaded",
	setup({ onResolve, onLoad }) {
		const namespace = "as-loaded";
		onResolve({ filter: /^node:/ }, ({ path, kind }) =>
			kind === "import-statement" ? { path, namespace } : undefined,
		);
		onLoad({ filter: /^/, namespace }, async ({ path }) => {
			const { default: _, ...exported } = await import(path);
			const captured = Object.keys(exported).map(
				// Only those that are used are in the file.
				(name) =>
					`export const ${name} = /* @__PURE__ */ (() => nodes.${name})();`,
			);
			return {
				contents: [
					`const nodes = require(${JSON.stringify(path)});`,
					"export default nodes;",
					...captured,
				].join("\n"),
			};
		});
	},
};

/** The embedded DynamoDB loads its actions by names without an extension, which esbuild does not look up. */
const dynaliteInOneFile = {
	name: "dynalite-in-one-file",
	setup({ onLoad }) {
		const loading = /require\('\.\/(actions|validations)\/' \+ action\)/g;
		onLoad({ filter: /dynalite\/index\.js$/ }, async ({ path }) => {
			const source = await readFile(path, "utf8");
			if (source.match(loading)?.length !== 2) {
				throw new Error(`${path} does not load its actions as expected`);
			}
			return {
				contents: source.replace(loading, "require('./$1/' + action + '.js')"),
			};
		});
	},
};

/**
 * The summary at the end of a process is rarely wanted, and a fifth of the code. It stands in the agent's file as a text,
 * which loads in a tenth of the time of code, and is compiled when somebody asks for it.
 */
const summaryAsText = {
	name: "summary-as-text",
	setup({ onLoad }) {
		onLoad({ filter: /src\/report\/run-summary\.ts$/ }, async ({ path }) => {
			const { outputFiles } = await build({
				...shared,
				entryPoints: [path],
				write: false,
				sourcemap: false,
				minify: true,
				plugins: [agentPackages.plugin, packages.plugin],
			});
			const text = JSON.stringify(outputFiles[0].text);
			return {
				contents: `require("node:vm").compileFunction(${text}, ["module", "require"])(module, require);`,
				loader: "js",
			};
		});
	},
};

/**
 * Stands around everything in the agent's file: nothing of it runs where it is disabled, and no fault of its loading
 * reaches the program. A function around it, as `require` of a bundled module would be, would be parsed twice.
 */
const guard = {
	banner: {
		js: `"use strict"; agent: try { if (process.env.OTEL_SDK_DISABLED?.trim().toLowerCase() === "true") break agent;`,
	},
	footer: {
		// biome-ignore lint/suspicious/noTemplateCurlyInString: it is a template in the file that is built
		js: "} catch (error) { process.stderr.write(`conntrace: cannot run here, nothing is traced: ${error.message}\\n`); }",
	},
};

const agentPackages = new BundledPackages();
const packages = new BundledPackages();

const shared = {
	bundle: true,
	platform: "node",
	target: "node20.6",
	format: "cjs",
	sourcemap: true,
	// A linked node_modules gives the same files.
	preserveSymlinks: true,
	logLevel: "warning",
};

await build({
	...shared,
	...guard,
	entryPoints: { register: "src/register.ts" },
	outdir: "dist",
	minify: true,
	mainFields: ["module", "main"],
	plugins: [
		nodesModulesAsLoaded,
		privateOpenTelemetryApi,
		summaryAsText,
		agentPackages.plugin,
		packages.plugin,
	],
});
// The library is given OpenTelemetry by the program that it is part of.
await build({
	...shared,
	entryPoints: { index: "src/index.ts" },
	outdir: "dist",
	mainFields: ["module", "main"],
	external: ["@opentelemetry/api", "@opentelemetry/instrumentation"],
	plugins: [nodesModulesAsLoaded, packages.plugin],
});
// Nothing but the names of two channels, and needed by programs without OpenTelemetry.
await build({
	...shared,
	entryPoints: { facts: "src/facts/index.ts" },
	outdir: "dist",
});
// The command line and the programs of its experiment need nothing that is not in their files.
await build({
	...shared,
	entryPoints: {
		cli: "src/cli.ts",
		"doctor-probe": "src/doctor/probe.ts",
		"experiment-names": "src/experiment/programs/names.ts",
		"experiment-v2": "src/experiment/programs/handler-v2.ts",
		"experiment-v3": "src/experiment/programs/handler-v3.ts",
	},
	outdir: "dist",
	minify: true,
	plugins: [dynaliteInOneFile, packages.plugin],
	alias: { level: "./src/experiment/no-level.ts" },
});
await chmod("dist/cli.js", 0o755);
await buildReportPage("dist/report.html", [packages.plugin]);
await buildDeclarations(["index", "facts/index", "register"], "dist/types");
await agentPackages.writeNotices("dist/register.NOTICES");
await packages.writeNotices("dist/THIRD_PARTY_NOTICES");
await packages.writeBillOfMaterials("dist/sbom.cdx.json");
