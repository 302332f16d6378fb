import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DynamoDBClient, ScanCommand } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeCertificate } from "../../src/experiment/certificate.js";
import { type DynamoDB, startDynamoDB } from "../../src/experiment/dynamodb.js";

const examples = join(import.meta.dirname, "../../examples");
const handlers = ["handler.js", "handler.mjs", "handler-sdk-v2.js"];

/** A DynamoDB without tables, and the environment in which the SDKs find and trust it. */
interface Stage {
	readonly dynamodb: DynamoDB;
	readonly endpoint: string;
	readonly variables: Readonly<Record<string, string>>;
}

let stage: Stage;
let folder: string;

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), "conntrace-examples-"));
	const certificate = await makeCertificate();
	const trusted = join(folder, "ca.pem");
	await writeFile(trusted, certificate.cert);
	const dynamodb = await startDynamoDB({ certificate });
	const endpoint = `https://localhost:${dynamodb.port}`;
	stage = {
		dynamodb,
		endpoint,
		variables: {
			AWS_ENDPOINT_URL_DYNAMODB: endpoint,
			AWS_REGION: "us-east-1",
			AWS_ACCESS_KEY_ID: "test",
			AWS_SECRET_ACCESS_KEY: "test",
			AWS_CONFIG_FILE: join(folder, "no-config"),
			AWS_SHARED_CREDENTIALS_FILE: join(folder, "no-credentials"),
			AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
			NODE_EXTRA_CA_CERTS: trusted,
			TABLE_NAME: "keepalive-test",
		},
	};
	const { status, stderr } = await run("create-table.js");
	expect(status, stderr).toBe(0);
});

afterAll(async () => {
	await stage.dynamodb.close();
	await rm(folder, { recursive: true });
});

interface End {
	status: number;
	stdout: string;
	stderr: string;
	/** What the server counted meanwhile. */
	connections: number;
	requests: number;
}

function runNode(args: string[], variables: object): Promise<End> {
	const before = { ...stage.dynamodb.seen };
	return new Promise((resolve) => {
		const child = execFile(
			process.execPath,
			args,
			{ env: { ...process.env, ...stage.variables, ...variables } },
			(_, stdout, stderr) =>
				resolve({
					status: child.exitCode ?? -1,
					stdout,
					stderr,
					connections: stage.dynamodb.seen.connections - before.connections,
					requests: stage.dynamodb.seen.requests - before.requests,
				}),
		);
	});
}

function run(example: string, variables: object = {}): Promise<End> {
	return runNode([join(examples, example)], variables);
}

/** Calls an example's handler with each event, as Lambda would, and returns its responses. */
async function invoke(example: string, events: unknown[]) {
	const program = `
		import(process.env.HANDLER).then(async ({ handler }) => {
			const responses = [];
			for (const event of JSON.parse(process.env.EVENTS)) responses.push(await handler(event));
			console.log(JSON.stringify(responses));
		})`;
	const { status, stdout, stderr, requests } = await runNode(["-e", program], {
		HANDLER: join(examples, example),
		EVENTS: JSON.stringify(events),
	});
	expect(status, stderr).toBe(0);
	const responses: { statusCode: number; body: string }[] = JSON.parse(stdout);
	return {
		requests,
		responses: responses.map(({ statusCode, body }) => ({
			statusCode,
			body: JSON.parse(body),
		})),
	};
}

async function storedPosts() {
	const client = new DynamoDBClient({
		endpoint: stage.endpoint,
		region: "us-east-1",
		credentials: { accessKeyId: "test", secretAccessKey: "test" },
		requestHandler: {
			httpsAgent: {
				ca: readFileSync(String(stage.variables.NODE_EXTRA_CA_CERTS)),
			},
		},
	});
	const { Items = [] } = await client.send(
		new ScanCommand({ TableName: "keepalive-test" }),
	);
	client.destroy();
	return Items;
}

const UUID =
	/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe.each(handlers)("%s", (example) => {
	it("puts the post and returns status, post id and duration", async () => {
		const message = `hello from ${example} ✓`;
		const event = { body: JSON.stringify({ user_id: "grace", message }) };
		const { responses, requests } = await invoke(example, [event, event]);

		expect(requests).toBe(2);
		for (const { statusCode, body } of responses) {
			expect(statusCode).toBe(200);
			expect(body).toEqual({
				status: 200,
				postId: expect.stringMatching(UUID),
				durationMs: expect.any(Number),
			});
			expect(body.durationMs).toBeGreaterThan(0);
		}
		const ids = responses.map(({ body }) => body.postId);
		expect(new Set(ids).size).toBe(2);
		const posts = await storedPosts();
		for (const postId of ids) {
			expect(posts).toContainEqual({
				userId: { S: "grace" },
				postId: { S: postId },
				message: { S: message },
			});
		}
	});

	it("answers 400 to a malformed event, says what is wrong, and puts nothing", async () => {
		const body = (value: unknown) => ({ body: JSON.stringify(value) });
		const cases: [unknown, string][] = [
			[null, "body must be a JSON text"],
			[
				{},
				'body must be a JSON text with "user_id" and "message", got nothing',
			],
			[{ body: { user_id: "a", message: "b" } }, "got an object"],
			[{ body: "user_id=a" }, "is not JSON"],
			[
				body(null),
				'must be a JSON object with "user_id" and "message", got null',
			],
			[body(["a"]), "got an array"],
			[body("a"), "got a string"],
			[
				body({ message: "b" }),
				'"user_id" in the event\'s body must be a string, got nothing',
			],
			[
				body({ user_id: 7, message: "b" }),
				'"user_id" in the event\'s body must be a string, got a number',
			],
			[
				body({ user_id: "", message: "b" }),
				'"user_id" in the event\'s body must be a string that is not empty',
			],
			[
				body({ user_id: "a" }),
				'"message" in the event\'s body must be a string, got nothing',
			],
			[
				body({ user_id: "a", message: null }),
				'"message" in the event\'s body must be a string, got null',
			],
		];
		const { responses, requests } = await invoke(
			example,
			cases.map(([event]) => event),
		);
		expect(requests).toBe(0);
		expect(responses).toHaveLength(cases.length);
		for (const [index, [, message]] of cases.entries()) {
			expect(responses[index]).toEqual({
				statusCode: 400,
				body: { status: 400, error: expect.stringContaining(message) },
			});
		}
	});

	it("invokes itself COUNT times when run directly", async () => {
		const { status, stdout, stderr, requests } = await run(example, {
			COUNT: "3",
			INTERVAL_MS: "1",
		});
		expect(status, stderr).toBe(0);
		expect(requests).toBe(3);
		const lines = stdout.trim().split("\n");
		expect(lines.map((line) => JSON.parse(line).statusCode)).toEqual([
			200, 200, 200,
		]);
	});

	it("goes on after a put that fails, and ends with status 1", async () => {
		const { status, stdout, stderr } = await run(example, {
			COUNT: "2",
			INTERVAL_MS: "1",
			TABLE_NAME: "no-such-table",
		});
		expect(status).toBe(1);
		expect(stdout).toBe("");
		expect(stderr.match(/ResourceNotFoundException: /g)?.length).toBe(2);
	});
});

describe("connections", () => {
	it.each([
		["handler.js", {}, 1],
		["handler.js", { CLIENT: "keep-alive-off" }, 3],
		["handler.js", { CLIENT: "per-call" }, 3],
		["handler.mjs", {}, 1],
		["handler-sdk-v2.js", {}, 3],
		["handler-sdk-v2.js", { AWS_NODEJS_CONNECTION_REUSE_ENABLED: "1" }, 1],
	])("%s with %j needs %i for 3 puts", async (example, variables, expected) => {
		const end = await run(example, {
			COUNT: "3",
			INTERVAL_MS: "1",
			...variables,
		});
		expect(end.stderr).not.toContain("Error");
		expect(end.requests).toBe(3);
		expect(end.connections).toBe(expected);
	});
});

describe("bad configuration", () => {
	it.each([
		[{ COUNT: "many" }, 'COUNT must be a whole number, got "many"'],
		[{ INTERVAL_MS: "-1" }, 'INTERVAL_MS must be a whole number, got "-1"'],
		[
			{ CLIENT: "mine" },
			'CLIENT must be shared, keep-alive-off or per-call, got "mine"',
		],
	])("%j is named", async (variables, message) => {
		const { status, stderr, requests } = await run("handler.js", variables);
		expect(status).toBe(1);
		expect(stderr).toContain(message);
		expect(requests).toBe(0);
	});
});

describe("create-table.js", () => {
	it("is content with a table that is there", async () => {
		const { status, stdout } = await run("create-table.js");
		expect(status).toBe(0);
		expect(stdout).toContain("is there already");
	});

	it("says what went wrong", async () => {
		const { status, stderr } = await run("create-table.js", {
			TABLE_NAME: "a",
		});
		expect(status).toBe(1);
		expect(stderr).toContain("Could not create table a: ValidationException");
	});
});
