import { copyFile, mkdtemp, symlink, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { describe, expect, inject } from "vitest";
import { ownSpansTo, startCollector } from "../support/collector.js";
import { runProgram } from "../support/run-program.js";
import { test } from "../support/scenario.js";
import { requestsOf, type Span } from "../support/spans.js";
import { blocksOf } from "./documents.js";

const [setUp = "", options = ""] = blocksOf("docs/library.md").map(
	({ code }) => code,
);

/** What comes after an example: a request, and the end that every program with OpenTelemetry has. */
const REQUEST = `
const http = await import("node:http");
await new Promise((resolve, reject) => {
	http.get(process.env.TEST_TARGET, { headers: { "x-tenant": "blue" } }, (response) => {
		response.resume().on("end", resolve);
	}).on("error", reject);
});
await sdk.shutdown();
`;

/** Runs a program beside the packages of OpenTelemetry. */
async function requestsBy(code: string, target: string): Promise<Span[]> {
	const folder = await mkdtemp(join(inject("temporaryDirectory"), "library-"));
	await symlink(
		resolve("test/library/otel-2/node_modules"),
		join(folder, "node_modules"),
	);
	await copyFile("dist/index.js", join(folder, "conntrace.cjs"));
	const file = join(folder, "program.mjs");
	await writeFile(
		file,
		code.replace('from "conntrace"', 'from "./conntrace.cjs"') + REQUEST,
	);
	const collector = await startCollector();
	const run = await runProgram(file, {
		preload: "none",
		environment: {
			...ownSpansTo(collector.origin),
			TEST_TARGET: target,
		},
	});
	await collector.close();
	expect(run).toMatchObject({ exitCode: 0, stderr: "" });
	return requestsOf(collector.taken);
}

describe.concurrent("docs/library.md", () => {
	test("has a set-up that tells of requests", async ({ http }) => {
		const [request] = await requestsBy(setUp, http.origin);
		expect(request?.attributes).toMatchObject({
			"conntrace.connection.reason": "first_connection",
		});
	});

	test("has options that do what they say", async ({ http }) => {
		const inUse = setUp
			.replace(/^import .*"conntrace";$/m, "")
			.replace("new ConnectionInstrumentation()", "connections");
		const [request] = await requestsBy(options + inUse, http.origin);
		expect(request?.attributes).toMatchObject({
			"app.tenant": "blue",
			"app.cache": "none",
		});
	});
});
