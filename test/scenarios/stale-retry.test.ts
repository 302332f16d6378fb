import { resolve } from "node:path";
import { describe, expect, inject } from "vitest";
import { CREDENTIALS, TABLE } from "../support/dynamodb.js";
import { runProgram } from "../support/run-program.js";
import { judge, story, test } from "../support/scenario.js";
import { startServer } from "../support/server.js";

/** Answers the first request of each connection, and drops the connection at the second. */
async function startForgetfulServer() {
	const requests = new Map<number, number>();
	return startServer({
		certificate: inject("certificate"),
		handler: (request, response) => {
			const { remotePort = 0 } = request.socket;
			const number = (requests.get(remotePort) ?? 0) + 1;
			requests.set(remotePort, number);
			if (number > 1) request.socket.destroy();
			else response.end("{}");
		},
	});
}

describe.concurrent("a put on a connection that the server has dropped", () => {
	for (const [sdk, program] of [
		["SDK v3", "put-v3.cjs"],
		["SDK v2", "put-v2.cjs"],
	] as const) {
		test(`by ${sdk} is tried again on a fresh one`, async () => {
			const server = await startForgetfulServer();
			const run = await runProgram(resolve("test/programs", program), {
				nodeOptions: ["--no-warnings"],
				arguments: ["2"],
				environment: {
					AWS_REGION: "eu-west-1",
					AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
					AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
					AWS_NODEJS_CONNECTION_REUSE_ENABLED: "1",
					TEST_ENDPOINT: server.origin,
					TEST_TABLE: TABLE,
				},
			});
			await server.close();
			const trace = judge(run, [server]);
			expect(run.reports).toEqual([200, 200]);
			expect(story(trace)).toEqual([
				"first_connection",
				"request 2",
				"stale_reset",
			]);
			const [first, failed, retried] = trace.requests;
			expect(failed?.error).toBe(true);
			expect(failed?.attributes).toMatchObject({
				"error.type": "ECONNRESET",
				"conntrace.connection.age_ms": expect.any(Number),
				"conntrace.connection.idle_ms": expect.any(Number),
				"conntrace.connection.request_number": 2,
			});
			expect(retried?.attributes).toMatchObject({
				"conntrace.connection.previous_id":
					first?.attributes["conntrace.connection.id"],
				"conntrace.connection.request_number": 1,
			});
			if (sdk === "SDK v2") return;
			const call = (span: typeof failed) =>
				span?.attributes["conntrace.aws.invocation_id"];
			expect(call(retried)).toBe(call(failed));
			expect(call(failed)).not.toBe(call(first));
			expect(failed?.attributes).toMatchObject({ "conntrace.aws.attempt": 1 });
			expect(failed?.attributes).not.toHaveProperty(
				"http.request.resend_count",
			);
			expect(retried?.attributes).toMatchObject({
				"conntrace.aws.attempt": 2,
				"conntrace.aws.max_attempts": 4,
				"http.request.resend_count": 1,
			});
		});
	}
});
