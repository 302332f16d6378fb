import { describe, expect } from "vitest";
import { CREDENTIALS, TABLE, test } from "../support/dynamodb.js";
import { runScenario, type Scenario } from "../support/scenario.js";
import { GENERATIONS, SETUP_OVER_TLS, tree, withLibrary } from "./support.js";

const VALUES = { credentials: CREDENTIALS, table: TABLE };

/** Two AWS calls on one connection, a request of `https` and one of `fetch`; then the same with tracing suppressed. */
const everyKind: Scenario<typeof VALUES> = async ({ origin, values }) => {
	const { context, createContextKey } = opentelemetry;
	const { DynamoDBClient, PutItemCommand } = library.require(
		"@aws-sdk/client-dynamodb",
	);
	// As a module of the program has it, which is what instrumentation-http patches.
	const https: typeof import("node:https") = library.require("https");

	async function calls(): Promise<void> {
		const { credentials, table: TableName } = values;
		const region = "eu-west-1";
		const client = new DynamoDBClient({
			endpoint: origin,
			region,
			credentials,
		});
		const Item = { userId: { S: "ada" } };
		await client.send(new PutItemCommand({ TableName, Item }));
		await client.send(new PutItemCommand({ TableName, Item }));
		client.destroy();
		await new Promise((done) => {
			https.get(origin, { agent: false }, (response) => {
				response.resume().on("close", done);
			});
		});
		await (await fetch(origin)).text();
	}

	await calls();
	// What suppressTracing of @opentelemetry/core does.
	const key = createContextKey(
		"OpenTelemetry SDK Context Key SUPPRESS_TRACING",
	);
	await context.with(context.active().setValue(key, true), calls);
};

function below(line: string, ...lines: readonly string[]): string[] {
	return [line, ...lines.map((one) => `  ${one}`)];
}

const PUT = "DynamoDB.PutItem by aws-sdk";

/** The facts stand on the span that is nearest to the wire. */
const ATTACHED = [
	...below(PUT, ...below("POST by http first_connection", ...SETUP_OVER_TLS)),
	...below(PUT, "POST by http request 2"),
	...below("GET by http no_pool", ...SETUP_OVER_TLS),
	...below("GET by undici keep_alive_disabled", ...SETUP_OVER_TLS),
];

const OWN = [
	...below(
		PUT,
		...below(
			"POST by http",
			...below("DynamoDB.PutItem first_connection", ...SETUP_OVER_TLS),
		),
	),
	...below(PUT, ...below("POST by http", "DynamoDB.PutItem request 2")),
	...below("GET by http", ...below("GET no_pool", ...SETUP_OVER_TLS)),
	...below(
		"GET by undici",
		...below("GET keep_alive_disabled", ...SETUP_OVER_TLS),
	),
];

/** As conntrace's documentation says to do: these two tell of what it tells as well. */
const WITHOUT_DNS_AND_NET = { OTEL_NODE_DISABLED_INSTRUMENTATIONS: "dns,net" };

describe.each(GENERATIONS)("the library on %s", (generation) => {
	describe.each([
		{ others: ["http", "undici", "aws-sdk"] },
		{ others: ["auto"] },
	])("beside $others", ({ others }) => {
		test.for([
			["attach", ATTACHED],
			["own", OWN],
		] as const)(
			"tells of each request once, and of none that is suppressed: %s",
			async ([requestSpans, expected], { dynamodb }) => {
				const library = withLibrary(generation, {
					others,
					config: { requestSpans },
				});
				const run = await runScenario(dynamodb, everyKind, {
					...library,
					nodeOptions: ["--no-warnings"],
					environment: { ...library.environment, ...WITHOUT_DNS_AND_NET },
					values: VALUES,
				});
				expect(run).toMatchObject({ exitCode: 0, stderr: "" });
				expect(tree(run.spans)).toEqual(expected);
				expect(dynamodb.requests).toHaveLength(8);
			},
		);
	});
});
