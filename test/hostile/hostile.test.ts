import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, inject, test } from "vitest";
import { readTraces } from "../../src/report/otlp.js";
import { conntrace } from "../commands/conntrace.js";
import type { Run } from "../support/run-program.js";
import { runScenario, type Scenario } from "../support/scenario.js";
import { startServer } from "../support/server.js";
import { requestsOf } from "../support/spans.js";
import {
	byHandshake,
	byNames,
	byNumber,
	byServer,
	HOSTILE,
	type Values,
} from "./programs.js";
import { hostileCertificate, startHostileServer } from "./servers.js";

/** As docs/trace-contract.md states it. */
const MAX_LENGTH = 4096;

/** Starts what the programs need, and runs one of them. */
async function run(
	scenario: Scenario<Values>,
	environment: Record<string, string> = {},
): Promise<Run> {
	const certificate = await hostileCertificate();
	const [plain, secure, benign] = await Promise.all([
		startHostileServer(),
		startHostileServer(certificate),
		startServer({
			handler: (request, response) => {
				request.resume();
				response.end("ok");
			},
		}),
	]);
	const result = await runScenario({ port: 0 }, scenario, {
		values: {
			hostile: HOSTILE,
			length: 200_000,
			plain: scenario === byServer ? plain.origin : benign.origin,
			secure: secure.origin,
			ca: certificate.cert,
		},
		environment: {
			OTEL_RESOURCE_ATTRIBUTES: HOSTILE.map(
				(text, index) =>
					`hostile.${index}=${encodeURIComponent(text.toWellFormed())}`,
			).join(),
			OTEL_SERVICE_NAME: HOSTILE[2] ?? "",
			...environment,
		},
		nodeOptions: ["--max-http-header-size=100000"],
		timeLimit: 60_000,
	});
	await Promise.all([plain, secure, benign].map((server) => server.close()));
	return result;
}

/** The text in values, and whether every line is an OTLP export that any reader has to take. */
function textsOf(exported: string): string[] {
	const texts: string[] = [];
	for (const line of exported.split("\n").slice(0, -1)) {
		const json = JSON.parse(line, (key, value: unknown) => {
			if (typeof value === "string" && key === "stringValue") texts.push(value);
			if (key === "intValue") expect(value).toSatisfy(Number.isSafeInteger);
			if (key === "doubleValue") expect(value).toSatisfy(Number.isFinite);
			if (typeof value === "string") expect(value.isWellFormed()).toBe(true);
			expect(value).not.toBe(null);
			return value;
		});
		expect(readTraces(json).length).toBeGreaterThan(0);
	}
	return texts;
}

/** Nothing that a terminal acts on, and no line that somebody else has written. */
function expectHarmless(text: string): void {
	expect(text.replaceAll("\n", "")).not.toMatch(
		/[\p{Cc}\u202a-\u202e\u2028\u2029\u2066-\u2069]/u,
	);
	expect(text).not.toMatch(/^conntrace: forged/m);
}

describe.concurrent("what means no good", () => {
	test.for<[string, Scenario<Values>, number]>([
		["names", byNames, 60],
		["servers", byServer, 36],
		["handshakes", byHandshake, 8],
	])(
		"%s: the export is valid, and its texts are bounded",
		{ timeout: 60_000 },
		async ([, scenario, requests]) => {
			const { exitCode, stdout, stderr, exported, spans } = await run(
				scenario,
				{
					CONNTRACE_SUMMARY: "1",
					OTEL_LOG_LEVEL: "debug",
				},
			);
			expect([exitCode, stdout]).toEqual([0, ""]);
			expectHarmless(stderr);
			expect(stderr).not.toContain("fault");
			expect(requestsOf(spans).length).toBeGreaterThanOrEqual(requests);
			const texts = textsOf(exported);
			const lengths = texts.map(({ length }) => length);
			expect(Math.max(...lengths)).toBeLessThanOrEqual(MAX_LENGTH);
			for (const { name } of spans)
				expect(name.length).toBeLessThanOrEqual(MAX_LENGTH);

			const file = join(inject("temporaryDirectory"), `${randomUUID()}.jsonl`);
			await writeFile(file, exported);
			const report = await conntrace(["report", file]);
			expect(report.status).toBe(0);
			expectHarmless(report.stdout + report.stderr);
		},
	);

	test("tables with names of 10 MB are left out, the others told", async () => {
		const server = await startServer();
		const { exitCode, stderr, spans } = await runScenario(
			server,
			async ({ request, read }) => {
				const name = "a".repeat(10_000_000);
				const bodies = [
					{ TableName: name },
					// More than the agent would take as faults of its own.
					...Array(11).fill({ RequestItems: { [name]: [], events: [] } }),
				];
				for (const body of bodies) {
					const put = request("/read/0", {
						method: "POST",
						headers: { "x-amz-target": "DynamoDB_20120810.BatchGetItem" },
					});
					put.end(JSON.stringify(body));
					await read(put);
				}
			},
			{ timeLimit: 60_000 },
		);
		await server.close();
		expect([exitCode, stderr]).toEqual([0, ""]);
		const tables = requestsOf(spans).map(
			({ attributes }) => attributes["aws.dynamodb.table_names"],
		);
		expect(tables).toEqual([undefined, ...Array(11).fill(["events"])]);
	}, 60_000);

	test("very many hosts are told, and summed up in the report", async () => {
		const hosts = 1500;
		const { exitCode, stderr, exported, spans } = await runScenario(
			{ port: 0 },
			byNumber,
			{ values: { hosts }, timeLimit: 60_000 },
		);
		expect([exitCode, stderr]).toEqual([0, ""]);
		expect(requestsOf(spans)).toHaveLength(hosts);
		const file = join(inject("temporaryDirectory"), `${randomUUID()}.jsonl`);
		await writeFile(file, exported);
		const { status, stdout } = await conntrace(["report", file, "--json", "-"]);
		expect(status).toBe(0);
		const [report] = JSON.parse(stdout).runs;
		expect(report.overall.requests).toBe(hosts);
		expect(report.hosts.length).toBeLessThan(hosts);
	}, 60_000);

	test("texts are cut to the length that the variable says, and longer where it allows", async () => {
		for (const [variable, length] of [
			["OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", 100],
			["OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", 10_000],
		] as const) {
			const { exported } = await run(byNames, { [variable]: String(length) });
			const lengths = textsOf(exported)
				.filter((text) => !HOSTILE.includes(text))
				.map((text) => text.length);
			expect(Math.max(...lengths)).toBe(length);
		}
	}, 60_000);
});
