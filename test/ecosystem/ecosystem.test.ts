import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtemp, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { beforeAll, describe, expect, inject, vi } from "vitest";
import { installPackages } from "../../scripts/install-packages.mjs";
import { NODE } from "../commands/conntrace.js";
import { testedNode } from "../reasons/stages.js";
import { checkContract } from "../support/contract.js";
import {
	programEnvironment,
	REGISTER,
	type RunOptions,
	runProgram,
} from "../support/run-program.js";
import { judge, story, test } from "../support/scenario.js";
import type { TestServer } from "../support/server.js";
import { readSpans, requestsOf } from "../support/spans.js";

const INSTALLATION_MS = 180_000;

// Loaders, bundlers and managers take seconds, whatever else the machine has to do.
const PROGRAM_MS = 60_000;
vi.setConfig({ testTimeout: 2 * PROGRAM_MS });
const HERE = "test/ecosystem";

beforeAll(() => {
	installPackages(HERE);
}, INSTALLATION_MS);

const installed = (path: string): string => resolve(HERE, "node_modules", path);

const KEPT = ["first_connection", "request 2"];

/** What a program's two requests to the server tell. */
async function storyOf(
	http: TestServer,
	file: string,
	options: RunOptions = {},
): Promise<unknown[]> {
	const run = await runProgram(file, {
		arguments: [http.origin],
		timeLimit: PROGRAM_MS,
		...options,
	});
	return story(judge(run, [http]));
}

describe.concurrent.each([
	["axios", KEPT],
	["got", KEPT],
	["node-fetch", KEPT],
	// It asks without an agent, for each request a connection of its own.
	["superagent", ["first_connection", "no_pool"]],
])("the client %s", (name, told) => {
	test("is told of as node:http is, which it uses", async ({ http }) => {
		expect(
			await storyOf(http, resolve(HERE, "client.mjs"), {
				arguments: [name, http.origin],
			}),
		).toEqual(told);
	});
});

describe.concurrent.each(["express", "fastify"])("a server by %s", (name) => {
	test.for(["require", "import", "NODE_OPTIONS"] as const)(
		"is told of where it calls others, loaded by %s",
		async (preload, { http }) => {
			expect(
				await storyOf(http, resolve(HERE, "server.mjs"), {
					preload,
					arguments: [name, http.origin],
					// Itself.
					environment: { CONNTRACE_IGNORE_HOSTS: "127.0.0.1" },
				}),
			).toEqual(KEPT);
		},
	);
});

describe.concurrent("gRPC by @grpc/grpc-js", () => {
	test("is told of as HTTP/2, which it uses", async () => {
		const run = await runProgram(resolve(HERE, "grpc.mjs"));
		expect(run).toMatchObject({ exitCode: 0, stderr: "" });
		expect(checkContract(run.spans)).toEqual([]);
		const requests = requestsOf(run.spans);
		expect(
			requests.map(({ attributes }) => [
				new URL(String(attributes["url.full"])).pathname,
				attributes["network.protocol.version"],
				attributes["conntrace.connection.request_number"],
			]),
		).toEqual([
			["/test.Echo/echo", "2", 1],
			["/test.Echo/echo", "2", 2],
		]);
	});
});

describe.concurrent("a program in TypeScript", () => {
	test.skipIf(testedNode < 22)("by Node itself", async ({ http }) => {
		expect(await storyOf(http, resolve(HERE, "typed.ts"))).toEqual(KEPT);
	});

	test("by --import tsx", async ({ http }) => {
		const loader = pathToFileURL(installed("tsx/dist/loader.mjs")).href;
		expect(
			await storyOf(http, resolve(HERE, "typed.ts"), {
				nodeOptions: ["--import", loader],
			}),
		).toEqual(KEPT);
	});

	test("by the command tsx, with NODE_OPTIONS", async ({ http }) => {
		expect(
			await storyOf(http, installed("tsx/dist/cli.mjs"), {
				preload: "NODE_OPTIONS",
				arguments: [resolve(HERE, "typed.ts"), http.origin],
			}),
		).toEqual(KEPT);
	});
});

test("a program bundled by webpack", async ({ https }) => {
	const { default: webpack } = await import(installed("webpack/lib/index.js"));
	const path = join(inject("temporaryDirectory"), randomUUID());
	const stats = await promisify(webpack)({
		entry: resolve("test/programs/named-requires.cjs"),
		target: "node",
		mode: "production",
		output: { path, filename: "program.cjs" },
	});
	expect(stats.hasErrors() ? stats.toString() : "").toBe("");
	const run = await runProgram(join(path, "program.cjs"), {
		arguments: [https.origin],
	});
	expect(story(judge(run, [https]))).toEqual(KEPT);
});

describe.concurrent("a program managed by PM2, with NODE_OPTIONS", () => {
	test.for([
		["two processes of a cluster", ["-i", "2"], 2],
		["a process of its own", [], 1],
	] as const)("%s", async ([, instances, processes], { http }) => {
		const home = await mkdtemp(join(inject("temporaryDirectory"), "pm2-"));
		const spanFile = join(home, "spans.jsonl");
		await promisify(execFile)(
			NODE,
			[
				installed("pm2/bin/pm2-runtime"),
				...["start", resolve(HERE, "managed.mjs"), "--no-autorestart"],
				...instances,
			],
			{
				env: {
					...programEnvironment(),
					NODE_OPTIONS: `--require ${REGISTER}`,
					CONNTRACE_FILE: spanFile,
					PM2_HOME: home,
					TEST_TARGET: http.origin,
				},
				timeout: PROGRAM_MS,
			},
			// So PM2 ends when all programs of a cluster have, with the agent or without.
		).catch(({ code }) => expect(code).toBe(2));
		const spans = readSpans(await readFile(spanFile, "utf8"));
		expect(checkContract(spans)).toEqual([]);
		expect(story({ requests: requestsOf(spans) }).toSorted()).toEqual(
			Array.from({ length: processes }, () => KEPT)
				.flat()
				.toSorted(),
		);
	});
});

describe.concurrent("a test run by", () => {
	const file = resolve(HERE, "runner.test.mjs");

	test("node --test, with NODE_OPTIONS", async ({ http }) => {
		const run = await runProgram(file, {
			preload: "NODE_OPTIONS",
			timeLimit: PROGRAM_MS,
			nodeOptions: ["--test", "--test-reporter=spec"],
			environment: { TEST_TARGET: http.origin },
		});
		expect(story(judge(run, [http]))).toEqual(KEPT);
	});

	// Its worker threads are terminated, by which the last spans of a thread can be lost; its processes end by themselves.
	test("vitest in processes, with NODE_OPTIONS", async ({ http }) => {
		const run = await runProgram(resolve("node_modules/vitest/vitest.mjs"), {
			preload: "NODE_OPTIONS",
			timeLimit: PROGRAM_MS,
			arguments: [
				...["run", "--root", resolve(HERE), "--config", "runner.config.mjs"],
				"--pool=forks",
			],
			environment: { TEST_TARGET: http.origin },
		});
		expect(run.exitCode).toBe(0);
		expect(checkContract(run.spans)).toEqual([]);
		expect(story({ requests: requestsOf(run.spans) })).toEqual(KEPT);
	});
});
