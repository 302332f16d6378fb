import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import { CREDENTIALS } from "../support/dynamodb.js";
import type {
	Http2ServerOptions,
	Http2TestServer,
} from "../support/http2-server.js";
import { runProgram } from "../support/run-program.js";
import { judge, story, type Trace } from "../support/scenario.js";
import { errorsOf, named } from "../support/spans.js";
import { describeBoth } from "./fixture.js";

/** Answers as DynamoDB does to a put. */
const answerPut: NonNullable<Http2ServerOptions["handler"]> = async (
	stream,
	_,
	numbers,
) => {
	stream.resume();
	await sleep(30);
	if (stream.destroyed) return;
	stream.respond({
		":status": 200,
		"content-type": "application/x-amz-json-1.0",
		"x-amzn-requestid": `request-${numbers["x-request"]}`,
		...numbers,
	});
	stream.end("{}");
};

async function put(
	server: Http2TestServer,
	handler: object,
	rounds: readonly (number | string)[],
): Promise<Trace> {
	const run = await runProgram(resolve("test/programs/put-h2.cjs"), {
		arguments: [JSON.stringify(handler), JSON.stringify(rounds)],
		environment: {
			TEST_ENDPOINT: server.origin,
			AWS_REGION: "eu-west-1",
			AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
			AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
			NODE_NO_WARNINGS: "1",
		},
	});
	return judge(run, [server]);
}

const details = ({ requests }: Trace): unknown[] =>
	requests
		.map(({ attributes }) => attributes["conntrace.connection.reason_detail"])
		.filter((detail) => detail !== undefined);

describeBoth("AWS SDK v3 with its HTTP/2 handler", ({ test }) => {
	test("shares one session", async ({ serve }) => {
		const server = await serve({ handler: answerPut });
		const run = await put(server, {}, [3, 1]);
		expect(run.reports).toEqual([200, 200, 200, 200]);
		expect(story(run)).toEqual([
			"first_connection",
			"request 2",
			"request 3",
			"request 4",
		]);
		for (const { name, attributes } of run.requests) {
			expect(name).toBe("DynamoDB.PutItem");
			expect(attributes).toMatchObject({
				"aws.request_id": `request-${attributes["conntrace.connection.request_number"]}`,
				"cloud.region": "eu-west-1",
				"db.collection.name": "keepalive-test",
				"network.protocol.version": "2",
			});
		}
		expect(named(run.spans, "connection.wait")).toHaveLength(2);
	});

	test("opens another session when its own limit is reached", async ({
		serve,
	}) => {
		const server = await serve({ handler: answerPut });
		const run = await put(server, { maxConcurrentStreams: 2 }, [1, "100", 3]);
		expect(story(run)).toEqual([
			"first_connection",
			"request 2",
			"request 3",
			"pool_busy",
		]);
		expect(details(run)[1]).toBe(
			"1 HTTP/2 session to this host full, at most 2 streams at once allowed",
		);
	});

	test("gives each request a session when told so", async ({ serve }) => {
		const server = await serve({ handler: answerPut });
		const run = await put(
			server,
			{ disableConcurrentStreams: true },
			[1, 1, 2],
		);
		expect(story(run)).toEqual([
			"first_connection",
			"keep_alive_disabled",
			"keep_alive_disabled",
			"pool_busy",
		]);
		expect(details(run)[1]).toBe(
			"the client gives each request an HTTP/2 session of its own",
		);
	});

	test("opens another session after GOAWAY", async ({ serve }) => {
		const server = await serve({
			handler: (stream, headers, numbers) => {
				answerPut(stream, headers, numbers);
				if (numbers["x-connection"] === 1) stream.session?.goaway(0, stream.id);
			},
		});
		const run = await put(server, {}, [1, "50", 1, 1]);
		expect(run.reports).toEqual([200, 200, 200]);
		expect(story(run)).toEqual([
			"first_connection",
			"server_goaway",
			"request 2",
		]);
	});

	test("gives up a session that is idle for too long", async ({ serve }) => {
		const server = await serve({ handler: answerPut });
		const run = await put(server, { sessionTimeout: 500 }, [1, "900", 1]);
		expect(story(run)).toEqual(["first_connection", "agent_idle_timeout"]);
		expect(details(run)[1]).toMatch(
			/^idle \d+ ms, the client closes after 500 ms$/,
		);
	});

	test("gives up a request that is too slow", async ({ serve }) => {
		const server = await serve({
			handler: (stream, headers, numbers) => {
				if (numbers["x-request"] !== 2) answerPut(stream, headers, numbers);
			},
		});
		const run = await put(server, { requestTimeout: 800 }, [1, 1, 1]);
		expect(run.reports).toEqual([200, "TimeoutError", 200]);
		expect(story(run)).toEqual(["first_connection", "request 2", "request 3"]);
		expect(errorsOf(run.requests)).toEqual([undefined, "aborted", undefined]);
	});
});
