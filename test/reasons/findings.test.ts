import { resolve } from "node:path";
import { describe, expect, inject } from "vitest";
import { FINDING_CODES } from "../../src/connections/findings.js";
import { CREDENTIALS, TABLE } from "../support/dynamodb.js";
import { runProgram } from "../support/run-program.js";
import {
	describeBoth,
	judge,
	runScenario,
	test,
	trace,
} from "../support/scenario.js";
import { startServer } from "../support/server.js";
import { named, type Span } from "../support/spans.js";

const findingsOf = ({ attributes }: Span): unknown =>
	attributes["conntrace.findings"] ?? [];

describeBoth("settings that cost connections", ({ test }) => {
	test("are said on the spans that they concern", async ({ server }) => {
		const run = await trace(
			server,
			async ({ client, get, request, once, sleep }) => {
				const limited = { keepAlive: true, timeout: 4_000 };
				const saturated = new client.Agent({ ...limited, maxSockets: 1 });
				await Promise.all([
					get("/delay/30/first", { agent: saturated }),
					get("/x/0/waits", { agent: saturated }),
				]);
				saturated.destroy();
				const held = new client.Agent({ ...limited, maxSockets: 1 });
				const unread = request("/big/1000000/unread", { agent: held }).end();
				const [response] = (await once(unread, "response")) as [
					import("node:http").IncomingMessage,
				];
				await sleep(60);
				const behind = get("/x/0/behind", { agent: held });
				response.resume();
				await behind;
				held.destroy();
				const endless = new client.Agent({ keepAlive: true });
				await get("/x/0/endless", { agent: endless });
				await get("/x/0/reused", { agent: endless });
				endless.destroy();
			},
		);
		expect(run.requests.map(findingsOf)).toEqual([
			[],
			["max_sockets_saturated"],
			[],
			["max_sockets_saturated", "responses_unread"],
			["no_client_idle_limit"],
			[],
		]);
		const [saturated, held] = named(run.spans, "connection.wait");
		expect(saturated?.attributes).toEqual({
			"conntrace.connection.reason_detail":
				"every connection carries a request",
			"conntrace.pool.free": 0,
			"conntrace.pool.busy": 1,
			"conntrace.pool.queued": 0,
			"conntrace.pool.max": 1,
		});
		expect(held?.attributes["conntrace.connection.reason_detail"]).toMatch(
			/^1 of 1 connections held by responses that nobody reads, the oldest for \d+ ms$/,
		);
	});

	test("a client for each call", async ({ server }) => {
		const run = await trace(server, async ({ client, get }) => {
			for (let call = 1; call <= 4; call++) {
				const agent = new client.Agent({ keepAlive: true, timeout: 4_000 });
				await get("/x/0/each", { agent });
				agent.destroy();
			}
		});
		expect(run.requests.map(findingsOf)).toEqual([
			[],
			[],
			["client_per_call"],
			["client_per_call"],
		]);
	});

	test("are said once in the summary", async ({ server }) => {
		const run = await runScenario(
			server,
			async ({ client, get }) => {
				for (let round = 1; round <= 4; round++) {
					const agent = new client.Agent({ keepAlive: true, maxSockets: 1 });
					await Promise.all([
						get("/x/0/one", { agent }),
						get("/x/0/two", { agent }),
					]);
					agent.destroy();
				}
			},
			{ environment: { CONNTRACE_SUMMARY: "1" } },
		);
		const said = FINDING_CODES.filter((code) => {
			const times = run.stderr.match(new RegExp(`^- ${code}\\b`, "gm"));
			if (times) expect(times).toHaveLength(1);
			return times;
		});
		expect(said).toEqual(["no_client_idle_limit", "max_sockets_saturated"]);
	});
});

describe.concurrent("AWS_NODEJS_CONNECTION_REUSE_ENABLED", () => {
	for (const [program, value, found] of [
		["put-v3.cjs", "1", true],
		["put-v2.cjs", "true", true],
		["put-v2.cjs", "1", false],
	] as const) {
		test(`${value} for ${program}: ${found ? "" : "no "}finding`, async () => {
			const server = await startServer({
				certificate: inject("certificate"),
				handler: (_, response) => response.end("{}"),
			});
			const run = await runProgram(resolve("test/programs", program), {
				nodeOptions: ["--no-warnings"],
				arguments: ["1"],
				environment: {
					AWS_REGION: "eu-west-1",
					AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
					AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
					AWS_NODEJS_CONNECTION_REUSE_ENABLED: value,
					TEST_ENDPOINT: server.origin,
					TEST_TABLE: TABLE,
				},
			});
			await server.close();
			const [put] = judge(run, [server]).requests;
			const findings = put ? findingsOf(put) : undefined;
			if (found) expect(findings).toContain("reuse_variable_without_effect");
			else expect(findings).not.toContain("reuse_variable_without_effect");
		});
	}
});
