import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { beforeAll, describe, expect, inject, it } from "vitest";
import { NODE } from "../commands/conntrace.js";
import { programEnvironment } from "../support/run-program.js";
import { startServer } from "../support/server.js";
import { readSpans, requestsOf } from "../support/spans.js";

const run = promisify(execFile);
const { devDependencies } = JSON.parse(await readFile("package.json", "utf8"));

/** The package as npm makes it, and a project that it is installed into with the peers that a library user has. */
let tarball: string;
let packed: { path: string }[];
let project: string;

const INSTALLATION_MS = 120_000;

beforeAll(async () => {
	const folder = await mkdtemp(join(inject("temporaryDirectory"), "package-"));
	const { stdout } = await run("npm", [
		"pack",
		"--ignore-scripts",
		"--json",
		"--pack-destination",
		folder,
	]);
	// From version 12 on, npm answers by name.
	const [{ filename, files }] = Object.values<{
		filename: string;
		files: { path: string }[];
	}>(JSON.parse(stdout)) as [{ filename: string; files: { path: string }[] }];
	tarball = join(folder, filename);
	packed = files;
	project = join(folder, "project");
	await mkdir(project);
	await writeFile(join(project, "package.json"), '{"private": true}');
	const peers = [
		"@opentelemetry/api",
		"@opentelemetry/instrumentation",
		"@opentelemetry/sdk-trace-base",
		"@types/node",
	].map((name) => `${name}@${devDependencies[name]}`);
	await install(project, [tarball, ...peers]);
}, INSTALLATION_MS);

async function install(
	directory: string,
	packages: readonly string[],
): Promise<void> {
	await run(
		"npm",
		[
			"install",
			"--prefer-offline",
			"--ignore-scripts",
			"--no-audit",
			"--no-fund",
			...packages,
		],
		{ cwd: directory },
	);
}

async function file(name: string, text: string): Promise<string> {
	const path = join(project, name);
	await mkdir(dirname(path), { recursive: true });
	await writeFile(path, text);
	return path;
}

const GET = `http.get(process.env.ORIGIN, (response) => response.resume());`;

/** Runs Node in the project, and gives the spans of the requests that it made. */
async function requestsBy(
	args: readonly string[],
	environment: NodeJS.ProcessEnv = {},
) {
	const server = await startServer();
	const spanFile = join(
		project,
		`${args.join("").replaceAll(/\W/g, "")}.jsonl`,
	);
	try {
		const output = await run(NODE, args, {
			cwd: project,
			env: {
				...programEnvironment(),
				ORIGIN: server.origin,
				CONNTRACE_FILE: spanFile,
				...environment,
			},
		});
		return {
			...output,
			requests: requestsOf(readSpans(await readFile(spanFile, "utf8"))),
		};
	} finally {
		await server.close();
	}
}

describe("the package", () => {
	it("has what is needed and nothing else", () => {
		const declarations = packed.filter(({ path }) => path.endsWith(".d.ts"));
		expect(
			packed
				.filter((one) => !declarations.includes(one))
				.map(({ path }) => path)
				.sort(),
		).toEqual([
			"CHANGELOG.md",
			"LICENSE",
			"README.md",
			"dist/THIRD_PARTY_NOTICES",
			"dist/cli.js",
			"dist/doctor-probe.js",
			"dist/experiment-names.js",
			"dist/experiment-v2.js",
			"dist/experiment-v3.js",
			"dist/facts.js",
			"dist/index.js",
			"dist/register.NOTICES",
			"dist/register.js",
			"dist/report.html",
			"dist/sbom.cdx.json",
			"package.json",
		]);
		// Of the declarations those that the entries lead to: none of what touches Node.
		expect(declarations.length).toBeGreaterThan(3);
		for (const { path } of declarations)
			expect(path).toMatch(/^dist\/types\/(?!hooks)[a-z/-]+\.d\.ts$/);
	});

	it("is as publint wants it", async () => {
		const { messages, pkg } = await publint({
			pkgDir: join(project, "node_modules/conntrace"),
			pack: false,
			strict: true,
		});
		expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
	});

	it("has types that are right for every way to load it", async () => {
		const { stdout } = await run(process.execPath, [
			resolve("node_modules/@arethetypeswrong/cli/dist/index.js"),
			tarball,
			"--profile",
			"node16",
			"--format",
			"json",
		]);
		const { analysis, problems } = JSON.parse(stdout) as {
			analysis: { entrypoints: object };
			problems: Record<string, { resolutionKind?: string }[]>;
		};
		expect(Object.keys(analysis.entrypoints)).toEqual([
			".",
			"./facts",
			"./register",
			"./package.json",
		]);
		// Resolution from before Node 12 knows no subpaths.
		const current = Object.values(problems)
			.flat()
			.filter(({ resolutionKind }) => resolutionKind !== "node10");
		expect(current).toEqual([]);
	});

	it.each([
		["-r", ["-r", "conntrace/register", "app.cjs"], {}],
		["--import", ["--import", "conntrace/register", "app.mjs"], {}],
		[
			"NODE_OPTIONS",
			["app.cjs"],
			{ NODE_OPTIONS: "--require conntrace/register" },
		],
		[
			"NODE_OPTIONS with --import",
			["app.mjs"],
			{ NODE_OPTIONS: "--import conntrace/register" },
		],
	])("is preloaded by %s", async (_, args, environment) => {
		await file("app.cjs", `const http = require("node:http"); ${GET}`);
		await file("app.mjs", `import http from "node:http"; ${GET}`);
		const { requests, stderr } = await requestsBy(args, environment);
		expect(requests).toHaveLength(1);
		expect(requests[0]?.attributes["conntrace.connection.reused"]).toBe(false);
		expect(stderr).toBe("");
	});

	it("needs no other package for the preload, the facts and the command line", async () => {
		const bare = join(project, "../bare");
		await mkdir(bare);
		await writeFile(join(bare, "package.json"), '{"private": true}');
		await install(bare, [tarball]);
		await writeFile(
			join(bare, "app.cjs"),
			`const http = require("node:http");
			require("conntrace/facts").onRequest(({ reason }) => console.log(reason)); ${GET}`,
		);
		const server = await startServer();
		const start = (...args: string[]) =>
			run(NODE, args, {
				cwd: bare,
				env: { ...programEnvironment(), ORIGIN: server.origin },
			});
		const preloaded = await start("-r", "conntrace/register", "app.cjs");
		const commanded = await start(
			...["node_modules/.bin/conntrace", "run", "--", NODE, "app.cjs"],
		);
		await server.close();
		expect(preloaded).toEqual({ stdout: "first_connection\n", stderr: "" });
		expect(commanded.stdout).toBe("first_connection\n");
		expect(await readdir(join(bare, "node_modules"))).toEqual([
			...[".bin", ".package-lock.json", "conntrace"],
		]);
	});

	it("has a command line", async () => {
		await file("app.cjs", `const http = require("node:http"); ${GET}`);
		const { requests, stderr } = await requestsBy([
			"node_modules/conntrace/dist/cli.js",
			"run",
			"--",
			NODE,
			"app.cjs",
		]);
		expect(requests).toHaveLength(1);
		expect(stderr).toContain("first_connection");
		const installed = await run(
			NODE,
			[join("node_modules/.bin/conntrace"), "--version"],
			{ cwd: project },
		);
		expect(installed.stdout).toBe("0.1.0\n");
	});

	const OWN_PROVIDER = `
		const exporter = new InMemorySpanExporter();
		const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
		const instrumentation = new ConnectionInstrumentation();
		instrumentation.setTracerProvider(provider);
		onRequest(({ reused }) => console.log(reused));
		http.get(process.env.ORIGIN, (response) => response.resume().on("close", () => setImmediate(() =>
			console.log(exporter.getFinishedSpans().map(({ name }) => name).sort().join()))));
	`;

	it.each([
		[
			"required",
			"library.cjs",
			`const http = require("node:http");
			const { ConnectionInstrumentation } = require("conntrace");
			const { onRequest } = require("conntrace/facts");
			const { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } = require("@opentelemetry/sdk-trace-base");`,
		],
		[
			"imported",
			"library.mjs",
			`import http from "node:http";
			import { ConnectionInstrumentation } from "conntrace";
			import { onRequest } from "conntrace/facts";
			import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";`,
		],
	])("is a library that can be %s", async (_, name, imports) => {
		await file(name, imports + OWN_PROVIDER);
		const server = await startServer();
		const { stdout } = await run(NODE, [name], {
			cwd: project,
			env: { ...programEnvironment(), ORIGIN: server.origin },
		}).finally(server.close);
		expect(stdout.split("\n")).toContain("false");
		expect(stdout).toMatch(/\bGET\b/);
	});

	it.each(["node16", "bundler"])(
		"has types that a strict project checks, resolved as by %s",
		async (resolution) => {
			await file(
				`${resolution}/app.ts`,
				`import { ConnectionInstrumentation, type ConnectionInstrumentationConfig } from "conntrace";
				import { onRequest, type RequestFacts } from "conntrace/facts";
				import "conntrace/register";
				const config: ConnectionInstrumentationConfig = { hosts: ["*.example"] };
				export const instrumentation = new ConnectionInstrumentation(config);
				export const stop: () => void = onRequest((facts: RequestFacts) => facts);
				// @ts-expect-error: hosts are a list
				new ConnectionInstrumentation({ hosts: 1 });`,
			);
			await file(
				`${resolution}/tsconfig.json`,
				JSON.stringify({
					compilerOptions: {
						strict: true,
						skipLibCheck: false,
						noEmit: true,
						target: "es2022",
						module: resolution === "node16" ? "node16" : "esnext",
						moduleResolution: resolution,
						types: ["node"],
					},
				}),
			);
			const { stdout } = await run(process.execPath, [
				resolve("node_modules/typescript/bin/tsc"),
				"-p",
				join(project, resolution),
			]);
			expect(stdout).toBe("");
		},
	);
});
