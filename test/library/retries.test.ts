import { describe, expect, inject } from "vitest";
import { CREDENTIALS, TABLE } from "../support/dynamodb.js";
import { runScenario, type Scenario, test } from "../support/scenario.js";
import { startServer } from "../support/server.js";
import { requestsOf } from "../support/spans.js";
import { GENERATIONS, SETUP_OVER_TLS, tree, withLibrary } from "./support.js";

const VALUES = { credentials: CREDENTIALS, table: TABLE };

const onePut: Scenario<typeof VALUES> = async ({ origin, values }) => {
	const { DynamoDBClient, PutItemCommand } = library.require(
		"@aws-sdk/client-dynamodb",
	);
	const { credentials, table: TableName } = values;
	const region = "eu-west-1";
	const client = new DynamoDBClient({ endpoint: origin, region, credentials });
	const Item = { userId: { S: "ada" } };
	await client.send(new PutItemCommand({ TableName, Item }));
	client.destroy();
};

/** Fails the first attempt of a call, and answers the second one. */
function startFailingOnce() {
	return startServer({
		certificate: inject("certificate"),
		handler: ({ headers }, response) => {
			const first = `${headers["amz-sdk-request"]}`.startsWith("attempt=1");
			response.writeHead(first ? 500 : 200).end("{}");
		},
	});
}

describe.concurrent.each(GENERATIONS)("the library on %s", (generation) => {
	test.for([
		{
			others: [],
			requestSpans: "attach",
			expected: [
				"DynamoDB.PutItem first_connection",
				...SETUP_OVER_TLS.map((line) => `  ${line}`),
				"DynamoDB.PutItem request 2",
			],
		},
		{
			others: ["aws-sdk"],
			requestSpans: "attach",
			expected: [
				"DynamoDB.PutItem by aws-sdk request 2",
				"  DynamoDB.PutItem first_connection",
				...SETUP_OVER_TLS.map((line) => `    ${line}`),
			],
		},
		{
			others: ["aws-sdk", "http"],
			requestSpans: "attach",
			expected: [
				"DynamoDB.PutItem by aws-sdk",
				"  POST by http first_connection",
				...SETUP_OVER_TLS.map((line) => `    ${line}`),
				"  POST by http request 2",
			],
		},
		{
			others: ["aws-sdk"],
			requestSpans: "own",
			expected: [
				"DynamoDB.PutItem by aws-sdk",
				"  DynamoDB.PutItem first_connection",
				...SETUP_OVER_TLS.map((line) => `    ${line}`),
				"  DynamoDB.PutItem request 2",
			],
		},
	] as const)(
		"tells of each attempt of a call once, beside $others: $requestSpans",
		async ({ others, requestSpans, expected }) => {
			const server = await startFailingOnce();
			const run = await runScenario(server, onePut, {
				...withLibrary(generation, { others, config: { requestSpans } }),
				nodeOptions: ["--no-warnings"],
				values: VALUES,
			});
			await server.close();
			expect(run).toMatchObject({ exitCode: 0, stderr: "" });
			expect(tree(run.spans)).toEqual(expected);
			const [failed, answered] = requestsOf(run.spans).toSorted(
				({ attributes: one }, { attributes: other }) =>
					Number(one["conntrace.aws.attempt"]) -
					Number(other["conntrace.aws.attempt"]),
			);
			expect(failed).toMatchObject({
				error: true,
				attributes: {
					"http.response.status_code": 500,
					"conntrace.aws.attempt": 1,
				},
			});
			expect(answered).toMatchObject({
				error: false,
				attributes: {
					"http.response.status_code": 200,
					"conntrace.aws.attempt": 2,
					"http.request.resend_count": 1,
				},
			});
			expect(server.requests).toHaveLength(2);
		},
	);
});
