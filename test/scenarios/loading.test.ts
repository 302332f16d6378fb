import { randomUUID } from "node:crypto";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { describe, expect, inject } from "vitest";
import { type Preload, runProgram } from "../support/run-program.js";
import { judge, story, test } from "../support/scenario.js";
import { named, phasesOf, setupOf } from "../support/spans.js";

const PRELOADS: readonly Preload[] = ["require", "import", "NODE_OPTIONS"];

const PROGRAMS: Readonly<Record<string, () => string | Promise<string>>> = {
	"a CommonJS program": () => resolve("test/programs/named-requires.cjs"),
	"an ES module with named imports": () =>
		resolve("test/programs/named-imports.mjs"),
	"a program bundled to CommonJS": () =>
		bundle("named-requires.cjs", "cjs", "cjs"),
	"a program bundled to an ES module": () =>
		bundle("named-imports.mjs", "esm", "mjs"),
};

describe.concurrent.each(PRELOADS)("loaded by %s", (preload) => {
	for (const [name, program] of Object.entries(PROGRAMS)) {
		test(name, async ({ https }) => {
			const run = judge(
				await runProgram(await program(), {
					preload,
					arguments: [https.origin],
				}),
				[https],
			);
			expect(story(run)).toEqual(["first_connection", "request 2"]);
			const setup = setupOf(run.spans, run.requests[0]);
			expect(phasesOf(run.spans, setup)).toEqual([
				"dns.lookup",
				"tcp.connect",
				"tls.handshake",
			]);
			const direct = named(run.spans, "dns.lookup").filter(
				({ parentSpanId }) => parentSpanId === undefined,
			);
			expect(direct).toHaveLength(2);
		});
	}
});

describe.concurrent("loaded twice", () => {
	test("everything is told once", async ({ https }) => {
		const run = judge(
			await runProgram(resolve("test/programs/named-imports.mjs"), {
				preload: "require",
				nodeOptions: ["--import", resolve("dist/register.js")],
				arguments: [https.origin],
			}),
			[https],
		);
		expect(story(run)).toEqual(["first_connection", "request 2"]);
	});
});

test("a worker thread is traced as well", async ({ https }) => {
	const run = judge(
		await runProgram(resolve("test/programs/worker.cjs"), {
			arguments: [https.origin],
		}),
		[https],
	);
	expect(https.requests.map(({ path }) => path).toSorted()).toEqual([
		...["/main", "/worker"],
	]);
	expect(run.requests).toHaveLength(2);
});

test("nothing is traced without the agent", async ({ https }) => {
	const run = await runProgram(resolve("test/programs/named-imports.mjs"), {
		preload: "none",
		arguments: [https.origin],
	});
	expect(run.exitCode).toBe(0);
	expect(run.spans).toEqual([]);
	expect(https.requests).toHaveLength(2);
});

async function bundle(
	program: string,
	format: "cjs" | "esm",
	extension: string,
): Promise<string> {
	// A file of its own for each test: they run at the same time.
	const outfile = join(
		inject("temporaryDirectory"),
		`${randomUUID()}.${extension}`,
	);
	await build({
		entryPoints: [resolve("test/programs", program)],
		outfile,
		bundle: true,
		minify: true,
		platform: "node",
		format,
	});
	return outfile;
}
