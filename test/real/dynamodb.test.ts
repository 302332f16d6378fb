import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import {
	DeleteTableCommand,
	DynamoDBClient,
	ScanCommand,
} from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { checkContract } from "../support/contract.js";
import { CREDENTIALS } from "../support/dynamodb.js";
import { compareWithServer } from "../support/ground-truth.js";
import { runProgram } from "../support/run-program.js";
import { isReused, requestsOf, type Span } from "../support/spans.js";
import { SERVERS, type Started } from "./dynamodb-servers.js";
import { type RelayedConnection, startRelay } from "./recording-relay.js";

const PUTS = 5;

/** Between two puts, in milliseconds: longer than Node's servers keep an idle connection. */
const PAUSE = 6000;

/** Of a run; moto takes its time for its first requests. */
const TIME_LIMIT = 60_000;

vi.setConfig({ testTimeout: 2 * TIME_LIMIT, hookTimeout: 2 * TIME_LIMIT });

const REGION = "us-east-1";

/** What was measured of one run of the handler, from both sides. */
interface Measured {
	/** In the order in which they were made. */
	readonly requests: readonly Span[];
	/** In the order in which they were accepted. */
	readonly connections: readonly RelayedConnection[];
}

for (const { name, start } of SERVERS) {
	describe.skipIf(!start)(`the example handler on ${name}`, () => {
		const table = `conntrace-${randomUUID()}`;
		let server: Started;
		let client: DynamoDBClient;

		beforeAll(async () => {
			if (!start) return;
			server = await start();
			client = new DynamoDBClient({
				endpoint: server.address.origin,
				region: REGION,
				credentials: CREDENTIALS,
			});
			await run("create-table.js", server.address.origin, {});
		});

		afterAll(async () => {
			await client?.send(new DeleteTableCommand({ TableName: table }));
			client?.destroy();
			await server?.stop();
		});

		async function run(
			example: string,
			endpoint: string,
			environment: Readonly<Record<string, string>>,
		): Promise<readonly Span[]> {
			const { exitCode, stderr, spans } = await runProgram(
				resolve("examples", example),
				{
					// The SDK warns of Node versions that it will leave behind.
					nodeOptions: ["--no-warnings"],
					timeLimit: TIME_LIMIT,
					environment: {
						AWS_ENDPOINT_URL_DYNAMODB: endpoint,
						AWS_REGION: REGION,
						AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
						AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
						TABLE_NAME: table,
						...environment,
					},
				},
			);
			expect([stderr, exitCode]).toEqual(["", 0]);
			return spans;
		}

		/** Puts by way of a relay, which counts; the spans are held against the contract and against what it counted. */
		async function put(
			environment: Readonly<Record<string, string>>,
		): Promise<Measured> {
			const relay = await startRelay(server.address);
			const spans = await run("handler.js", relay.origin, environment);
			await relay.close();
			expect(checkContract(spans)).toEqual([]);
			expect(compareWithServer(spans, relay)).toEqual([]);
			return { requests: requestsOf(spans), connections: relay.connections };
		}

		const puts = { COUNT: String(PUTS), INTERVAL_MS: "10" };

		it("stores what was put, and a span tells of each put", async () => {
			const { requests, connections } = await put(puts);
			const { Count } = await client.send(
				new ScanCommand({ TableName: table, Select: "COUNT" }),
			);
			expect(Count).toBe(PUTS);
			expect(requests).toHaveLength(PUTS);
			for (const { name, attributes } of requests) {
				expect(name).toBe("DynamoDB.PutItem");
				expect(attributes).toMatchObject({
					"http.response.status_code": 200,
					"db.collection.name": table,
					"cloud.region": REGION,
				});
			}
			expect(
				requests.map(({ attributes }) => attributes["aws.request_id"]),
			).toEqual(
				answersOn(connections).map(
					({ headers }) => headers["x-amzn-requestid"],
				),
			);
		});

		it("has a connection for each put of a client without keep-alive, and the trace says why", async () => {
			const { requests, connections } = await put({
				...puts,
				CLIENT: "keep-alive-off",
			});
			expect(connections).toHaveLength(PUTS);
			expect(requests.map(howConnected)).toEqual([
				"first_connection",
				...Array(PUTS - 1).fill("keep_alive_disabled"),
			]);
		});

		it("does with kept connections what docs/dynamodb-servers.md says", async () => {
			const said = columnOf(name);
			const steady = await put(puts);
			const rare = await put({ COUNT: "2", INTERVAL_MS: String(PAUSE) });
			const measured = {
				"`Connection` of an answer": headerOf("connection", steady),
				"`Keep-Alive` of an answer": headerOf("keep-alive", steady),
				"connections for 5 puts": String(steady.connections.length),
				"second put": howConnected(steady.requests[1]),
				"put after a pause of 6 s": howConnected(rare.requests[1]),
				"who ends the connection in the pause": whoEnds(rare),
			};
			if (Object.values(said).includes("not measured")) {
				console.log(`MEASURED on ${name}:`, measured);
				return;
			}
			expect(measured).toEqual(said);
		});
	});
}

const answersOn = (connections: readonly RelayedConnection[]) =>
	connections.flatMap(({ answers }) => answers);

/** The reason for a fresh connection, or that there was none. */
function howConnected(request: Span | undefined): unknown {
	if (!request) throw new Error("no such request");
	return isReused(request)
		? "reused"
		: request.attributes["conntrace.connection.reason"];
}

/** After an answer with `Connection: close` both sides end it, and whose end comes first is a matter of chance. */
function whoEnds(measured: Measured): string | undefined {
	return headerOf("connection", measured) === "close"
		? "either"
		: measured.connections[0]?.endedBy;
}

/** What the answers have in a header: one value, if all have the same, or `none`. */
function headerOf(header: string, { connections }: Measured): string {
	const values = answersOn(connections).map(
		({ headers }) => headers[header] ?? "none",
	);
	return [...new Set(values)].join(", ");
}

/** A column of the table of docs/dynamodb-servers.md: its cells by the names of their rows. */
function columnOf(server: string): Record<string, string | undefined> {
	const [heads = [], , ...rows] = readFileSync(
		"docs/dynamodb-servers.md",
		"utf8",
	)
		.split("\n")
		.filter((line) => line.startsWith("|"))
		.map((line) => line.split("|").map((cell) => cell.trim()));
	const column = heads.indexOf(server);
	expect(column).toBeGreaterThan(0);
	return Object.fromEntries(rows.map((cells) => [cells[1], cells[column]]));
}
