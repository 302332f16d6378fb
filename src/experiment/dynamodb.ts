import { once } from "node:events";
import { request, type Server } from "node:https";
import type { AddressInfo, Server as NetServer, Socket } from "node:net";
import dynalite from "dynalite";
import type { Certificate } from "./certificate";
import { startDelayLine } from "./delay-line";
import type { Counted } from "./truth";

export interface DynamoDB {
	readonly port: number;
	/** What the server itself has seen of the programs so far: the truth that the traces are held against. */
	readonly seen: Counted;
	close(): Promise<void>;
}

export interface DynamoDBOptions {
	readonly certificate: Certificate;
	/** A table to make, with the keys userId and postId. */
	readonly table?: string | undefined;
	/** Idle connections are closed after this, in milliseconds; it is not announced, as DynamoDB does not either. */
	readonly idleLimit?: number | undefined;
	/** Added to each question and answer, in milliseconds. */
	readonly roundTrip?: number | undefined;
}

/**
 * Starts a DynamoDB in memory behind HTTPS, on a free port of the loopback interface, and makes a table.
 * @throws the system's error when it cannot listen.
 */
export async function startDynamoDB({
	certificate: { key, cert },
	table,
	idleLimit,
	roundTrip,
}: DynamoDBOptions): Promise<DynamoDB> {
	const server = dynalite({ ssl: true, key, cert, ca: cert, createTableMs: 0 });
	server.keepAliveTimeout = 0;
	const host = await listen(server);
	const seen = { connections: 0, requests: 0 };
	if (table !== undefined) await createTable(table, portOf(server), cert);
	server.on("connection", () => seen.connections++);
	server.on("request", () => seen.requests++);
	if (idleLimit !== undefined) closeIdleConnections(server, idleLimit);
	const line = roundTrip
		? await startDelayLine(portOf(server), host, roundTrip)
		: undefined;
	return {
		port: portOf(line ?? server),
		seen,
		async close() {
			line?.close();
			const closed = once(server, "close");
			server.close();
			server.closeAllConnections();
			await closed;
		},
	};
}

function closeIdleConnections(server: Server, idleLimit: number): void {
	const timers = new WeakMap<Socket, NodeJS.Timeout>();
	server.on("secureConnection", (socket) =>
		socket.once("close", () => clearTimeout(timers.get(socket))),
	);
	server.on("request", ({ socket }, response) => {
		clearTimeout(timers.get(socket));
		response.once("finish", () => {
			timers.set(
				socket,
				setTimeout(() => socket.end(), idleLimit),
			);
		});
	});
}

function portOf(server: NetServer): number {
	return (server.address() as AddressInfo).port;
}

/** @returns the address that it listens on */
async function listen(server: Server): Promise<string> {
	try {
		// The address that clients try first: `::1` on some machines, 127.0.0.1 on others.
		server.listen(0, "localhost");
		await once(server, "listening");
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException;
		if (code !== "EADDRNOTAVAIL" && code !== "EAFNOSUPPORT") throw error;
		// `localhost` means `::1` here, but the machine has no IPv6: clients come to 127.0.0.1 in the end.
		server.listen(0, "127.0.0.1");
		await once(server, "listening");
	}
	return (server.address() as AddressInfo).address;
}

/** The embedded server wants to see a signature and does not check it. */
const UNCHECKED_SIGNATURE =
	"AWS4-HMAC-SHA256 Credential=experiment/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0";

async function createTable(
	table: string,
	port: number,
	ca: string,
): Promise<void> {
	const keys = ["userId", "postId"];
	const sent = request(`https://localhost:${port}`, {
		method: "POST",
		ca,
		agent: false,
		headers: {
			"content-type": "application/x-amz-json-1.0",
			"x-amz-target": "DynamoDB_20120810.CreateTable",
			"x-amz-date": "20260101T000000Z",
			authorization: UNCHECKED_SIGNATURE,
		},
	}).end(
		JSON.stringify({
			TableName: table,
			KeySchema: keys.map((AttributeName, index) => ({
				AttributeName,
				KeyType: index === 0 ? "HASH" : "RANGE",
			})),
			AttributeDefinitions: keys.map((AttributeName) => ({
				AttributeName,
				AttributeType: "S",
			})),
			BillingMode: "PAY_PER_REQUEST",
		}),
	);
	const [response] = await once(sent, "response");
	response.resume();
	await once(response, "end");
	if (response.statusCode !== 200) {
		throw new Error(
			`the table was not made: HTTP status ${response.statusCode}`,
		);
	}
}
