import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import dynalite from "dynalite";
import { inject } from "vitest";
import { test as base } from "./scenario.js";
import {
	closeServer,
	listen,
	recordServer,
	type TestServer,
} from "./server.js";

export const TABLE = "keepalive-test";

export const CREDENTIALS = {
	accessKeyId: "AKIATESTKEYOFNOBODY0",
	secretAccessKey: "test-secret-of-nobody",
};

/** Starts a DynamoDB in memory behind TLS, with the table made; it counts from then on. */
export async function startDynamoDB(): Promise<TestServer> {
	const certificate = inject("certificate");
	const server = dynalite({
		ssl: true,
		...certificate,
		ca: certificate.cert,
		createTableMs: 0,
	});
	const port = await listen(server, "localhost");
	const origin = `https://localhost:${port}`;
	await createTable(origin);
	const record = recordServer(server);
	return {
		...record,
		port,
		origin,
		async close() {
			server.closeAllConnections();
			await closeServer(server, record.sockets);
		},
	};
}

/** A test with a DynamoDB of its own. */
export const test = base.extend<{ dynamodb: TestServer }>({
	// biome-ignore lint/correctness/noEmptyPattern: the form that vitest asks for
	dynamodb: async ({}, use) => {
		const dynamodb = await startDynamoDB();
		await use(dynamodb);
		await dynamodb.close();
	},
});

async function createTable(endpoint: string): Promise<void> {
	const client = new DynamoDBClient({
		endpoint,
		region: "eu-west-1",
		credentials: CREDENTIALS,
		requestHandler: { httpsAgent: { ca: inject("authority") } },
	});
	await client.send(
		new CreateTableCommand({
			TableName: TABLE,
			KeySchema: [{ AttributeName: "userId", KeyType: "HASH" }],
			AttributeDefinitions: [{ AttributeName: "userId", AttributeType: "S" }],
			BillingMode: "PAY_PER_REQUEST",
		}),
	);
	client.destroy();
}
