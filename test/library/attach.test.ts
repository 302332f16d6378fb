import { describe, expect } from "vitest";
import { checkAttributes } from "../support/attribute-schema.js";
import { checkContract } from "../support/contract.js";
import { CREDENTIALS, startDynamoDB, TABLE } from "../support/dynamodb.js";
import type { Run } from "../support/run-program.js";
import {
	runScenario,
	type Scenario,
	story,
	test,
} from "../support/scenario.js";
import {
	childrenOf,
	named,
	only,
	requestsOf,
	type Span,
} from "../support/spans.js";
import { GENERATIONS, withLibrary } from "./support.js";

/** The spans without what the other instrumentation says beside the contract. */
function ofContract({ spans }: Run): Span[] {
	return spans.map((span) => {
		const attributes = Object.fromEntries(
			Object.entries(span.attributes).filter(
				([name, value]) =>
					[
						...checkAttributes(span.name, {
							...span.attributes,
							[name]: value,
						}),
					].filter((problem) => problem.split(/[^\w.]/).includes(name))
						.length === 0,
			),
		);
		return { ...span, attributes };
	});
}

const twoRequests: Scenario = async ({ client, get, settle }) => {
	const agent = new client.Agent({ keepAlive: true });
	await get("/x", { agent });
	await settle();
	await get("/x", { agent });
	agent.destroy();
};

const twoFetches: Scenario = async ({ fetchAnswer, settle }) => {
	await fetchAnswer("/x");
	await settle();
	await fetchAnswer("/x");
};

describe.concurrent.each(GENERATIONS)("the library on %s", (generation) => {
	test.for([
		["http", twoRequests],
		["undici", twoFetches],
	] as const)(
		"tells of a request on the span of instrumentation-%s",
		async ([other, scenario], { http }) => {
			const run = await runScenario(
				http,
				scenario,
				withLibrary(generation, { others: [other] }),
			);
			expect(run).toMatchObject({ exitCode: 0, stderr: "" });
			const spans = ofContract(run);
			const requests = requestsOf(spans);
			expect(story({ requests })).toEqual(["first_connection", "request 2"]);
			expect(checkContract(spans)).toEqual([]);
			expect(
				run.spans
					.filter(({ name }) => name === "GET")
					.every((span) => span.scope.endsWith(other)),
			).toBe(true);
		},
	);

	test("gives a request its own span below that one if it is asked to", async ({
		http,
	}) => {
		const run = await runScenario(
			http,
			twoRequests,
			withLibrary(generation, {
				config: { requestSpans: "own" },
				others: ["http"],
			}),
		);
		expect(run).toMatchObject({ exitCode: 0, stderr: "" });
		const requests = named(run.spans, "GET");
		const ours = requests.filter((span) => span.scope === "conntrace");
		const theirs = requests.filter((span) => span.scope !== "conntrace");
		expect(story({ requests: ours })).toEqual([
			"first_connection",
			"request 2",
		]);
		expect(ours.map((span) => span.parentSpanId)).toEqual(
			theirs.map((span) => span.spanId),
		);
	});

	test("tells on the other's span why a request failed to connect, though that ends first", async () => {
		// Nothing listens there, and no server of another test will.
		const run = await runScenario(
			{ port: 1, origin: "http://localhost:1" },
			async ({ get }) => {
				await get("/x", { agent: false }).catch(() => {});
			},
			withLibrary(generation, { others: ["http"] }),
		);
		const request = only(requestsOf(run.spans));
		expect(request).toMatchObject({
			error: true,
			attributes: {
				"conntrace.connection.reused": false,
				"conntrace.connection.reason": "first_connection",
			},
		});
		expect(
			only(childrenOf(run.spans, request, "connection.setup")).attributes,
		).toMatchObject({ "error.type": "ECONNREFUSED" });
	});

	test("tells of an AWS call on the span of instrumentation-aws-sdk", async () => {
		const server = await startDynamoDB();
		const run = await runScenario(
			server,
			async ({ origin, values, report }) => {
				const { DynamoDBClient, PutItemCommand } = library.require(
					"@aws-sdk/client-dynamodb",
				);
				const client = new DynamoDBClient({
					endpoint: origin,
					region: "eu-west-1",
					credentials: values.credentials,
				});
				const Item = { userId: { S: "ada" } };
				for (const TableName of [values.table, values.table]) {
					await client.send(new PutItemCommand({ TableName, Item }));
				}
				report("done");
			},
			{
				...withLibrary(generation, { others: ["aws-sdk"] }),
				values: { credentials: CREDENTIALS, table: TABLE },
			},
		);
		await server.close();
		expect(run.reports).toEqual(["done"]);
		const requests = named(run.spans, "DynamoDB.PutItem");
		expect(story({ requests })).toEqual(["first_connection", "request 2"]);
		expect(requests.every(({ scope }) => scope.endsWith("aws-sdk"))).toBe(true);
		expect(only(named(run.spans, "connection.setup")).parentSpanId).toBe(
			requests[0]?.spanId,
		);
		expect(requests[1]?.links).toHaveLength(1);
	});
});
