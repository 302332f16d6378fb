// Builds dist/ with esbuild: each entry becomes one file.
import { chmod, readFile } from "node:fs/promises";
import { relative } from "node:path";
import * as conventions from "@opentelemetry/semantic-conventions";
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
 * The instrumentation packages ask for all conventions there are, and read a few; those alone go into the bundle.
 */
const conventionsInUse = {
	name: "conventions-in-use",
	setup({ onResolve, onLoad }) {
		const namespace = "conventions-in-use";
		onResolve(
			{ filter: /^@opentelemetry\/semantic-conventions$/ },
			({ kind, importer }) =>
				kind === "require-call"
					? // It stands in the files that are built, which are the same wherever that happens.
						{ path: relative("", importer), namespace }
					: undefined,
		);
		onLoad({ filter: /.*/, namespace }, async ({ path }) => {
			const source = await readFile(path, "utf8");
			const names = source.matchAll(/\bsemantic_conventions_\d+\.(\w+)/g);
			// biome-ignore lint/performance/noDynamicNamespaceImportAccess: which names there are is read here
			const used = [...names].map(([, name]) => [name, conventions[name]]);
			if (used.length === 0 || used.some(([, value]) => value === undefined)) {
				throw new Error(`${path} does not read conventions as expected`);
			}
			return {
				contents: JSON.stringify(Object.fromEntries(used)),
				loader: "json",
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

/**
 * The instrumentation packages come with hooks on every require() and import of the program. The agent applies their
 * patches itself and must not slow down or change the loading of modules.
 */
const withoutModuleHooks = {
	"require-in-the-middle": "./src/hooks/no-module-hooks.ts",
	"import-in-the-middle": "./src/hooks/no-module-hooks.ts",
};

/** What our own code asks of OpenTelemetry is the program's; what a package inside asks is what it came with. */
const peerDependencies = {
	name: "peer-dependencies",
	setup({ onResolve }) {
		onResolve({ filter: /^@opentelemetry\/api$/ }, ({ path }) => ({
			path,
			external: true,
		}));
		onResolve(
			{ filter: /^@opentelemetry\/instrumentation$/ },
			({ path, importer }) =>
				importer.includes("node_modules")
					? undefined
					: { path, external: true },
		);
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
		privateOpenTelemetryApi,
		conventionsInUse,
		agentPackages.plugin,
		packages.plugin,
	],
	alias: withoutModuleHooks,
});
// The library is given OpenTelemetry by the program that it is part of. What the hooks apply of the instrumentation
// packages for dns and net is inside; it is on its own, and has the base class that fits it.
await build({
	...shared,
	entryPoints: { index: "src/index.ts" },
	outdir: "dist",
	mainFields: ["module", "main"],
	plugins: [peerDependencies, conventionsInUse, packages.plugin],
	alias: withoutModuleHooks,
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
