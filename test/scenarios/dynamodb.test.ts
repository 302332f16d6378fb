import { join, resolve } from "node:path";
import { build } from "esbuild";
import { describe, expect, inject } from "vitest";
import { CREDENTIALS, TABLE, test } from "../support/dynamodb.js";
import { type RunOptions, runProgram } from "../support/run-program.js";
import { judge, story } from "../support/scenario.js";
import type { TestServer } from "../support/server.js";
import { phasesOf, setupOf } from "../support/spans.js";

const PUTS = 3;

const REUSED = ["first_connection", "request 2", "request 3"];
const FRESH = [
	"first_connection",
	"keep_alive_disabled",
	"keep_alive_disabled",
];

async function put(
	dynamodb: TestServer,
	program: string,
	options: RunOptions = {},
) {
	const run = await runProgram(program, {
		...options,
		// The SDKs warn about versions of Node that they will not support.
		nodeOptions: ["--no-warnings"],
		arguments: [String(PUTS)],
		environment: {
			AWS_REGION: "eu-west-1",
			AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
			AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
			TEST_ENDPOINT: dynamodb.origin,
			TEST_TABLE: TABLE,
			...options.environment,
		},
	});
	return judge(run, [dynamodb]);
}

describe.concurrent("puts into DynamoDB", () => {
	const programs = {
		"SDK v3": "put-v3.cjs",
		"SDK v3 as an ES module": "put-v3.mjs",
		"a client written by hand": "put-by-hand.cjs",
	};
	for (const [name, program] of Object.entries(programs)) {
		test(`by ${name} share a connection`, async ({ dynamodb }) => {
			const run = await put(dynamodb, resolve("test/programs", program));
			expect(dynamodb.connections).toHaveLength(1);
			expect(story(run)).toEqual(REUSED);
			expect(phasesOf(run.spans, setupOf(run.spans, run.requests[0]))).toEqual([
				"dns.lookup",
				"tcp.connect",
				"tls.handshake",
			]);
			for (const { name, attributes } of run.requests) {
				expect(name).toBe("DynamoDB.PutItem");
				expect(attributes).toMatchObject({
					"http.request.method": "POST",
					"rpc.system.name": "aws-api",
					"rpc.method": "DynamoDB/PutItem",
					"db.system.name": "aws.dynamodb",
					"db.operation.name": "PutItem",
					"db.collection.name": TABLE,
					"aws.dynamodb.table_names": [TABLE],
					"cloud.region": "eu-west-1",
				});
				expect(attributes["conntrace.ttfb_ms"]).toBeGreaterThan(0);
				expect(attributes["aws.request_id"]).toMatch(/^[0-9A-Z]{52}$/);
			}
		});
	}

	test("by SDK v3 bundled with the program", async ({ dynamodb }) => {
		const outfile = join(inject("temporaryDirectory"), "put-v3-bundled.cjs");
		await build({
			entryPoints: [resolve("test/programs/put-v3.cjs")],
			outfile,
			bundle: true,
			minify: true,
			platform: "node",
		});
		const run = await put(dynamodb, outfile);
		expect(story(run)).toEqual(REUSED);
		expect(run.requests.map(({ name }) => name)).toEqual([
			...["DynamoDB.PutItem", "DynamoDB.PutItem", "DynamoDB.PutItem"],
		]);
	});

	test("by SDK v3 without keep-alive", async ({ dynamodb }) => {
		const run = await put(dynamodb, resolve("test/programs/put-v3.cjs"), {
			environment: { TEST_KEEP_ALIVE: "off" },
		});
		expect(dynamodb.connections).toHaveLength(PUTS);
		expect(story(run)).toEqual(FRESH);
	});

	test("by SDK v2, which closes every connection", async ({ dynamodb }) => {
		const run = await put(dynamodb, resolve("test/programs/put-v2.cjs"));
		expect(dynamodb.connections).toHaveLength(PUTS);
		expect(story(run)).toEqual(FRESH);
		for (const { name, attributes } of run.requests) {
			expect(name).toBe("DynamoDB.PutItem");
			expect(attributes["db.collection.name"]).toBe(TABLE);
		}
	});

	test("by SDK v2 that is told to keep connections", async ({ dynamodb }) => {
		const run = await put(dynamodb, resolve("test/programs/put-v2.cjs"), {
			environment: { AWS_NODEJS_CONNECTION_REUSE_ENABLED: "1" },
		});
		expect(dynamodb.connections).toHaveLength(1);
		expect(story(run)).toEqual(REUSED);
	});

	test("SDK v3's calls are numbered and told apart", async ({ dynamodb }) => {
		const run = await put(dynamodb, resolve("test/programs/put-v3.cjs"));
		const invocations = run.requests.map(
			({ attributes }) => attributes["conntrace.aws.invocation_id"],
		);
		expect(new Set(invocations).size).toBe(PUTS);
		expect(invocations).toEqual(
			dynamodb.requests.map(({ headers }) => headers["amz-sdk-invocation-id"]),
		);
		for (const { attributes } of run.requests) {
			expect(attributes).toMatchObject({
				"conntrace.aws.attempt": 1,
				"conntrace.aws.max_attempts": 4,
			});
		}
	});

	test("nothing of what is put, nor any credential, is exported", async ({
		dynamodb,
	}) => {
		const run = await put(dynamodb, resolve("test/programs/put-v3.cjs"), {
			environment: {
				TEST_ITEM: "item-content-5f3c",
				AWS_SESSION_TOKEN: "session-token-91ab",
			},
		});
		const { authorization = "" } = dynamodb.requests[0]?.headers ?? {};
		const signature = /Signature=(\w+)/.exec(authorization)?.[1];
		expect(signature).toMatch(/^\w{64}$/);
		for (const secret of [
			"item-content-5f3c",
			"session-token-91ab",
			CREDENTIALS.accessKeyId,
			CREDENTIALS.secretAccessKey,
			signature,
		])
			expect(run.exported).not.toContain(secret);
	});
});
