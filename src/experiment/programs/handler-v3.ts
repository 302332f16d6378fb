// The handler with AWS SDK v3: puts a post into DynamoDB in each call.
import { Agent, type AgentOptions } from "node:https";
import { Socket } from "node:net";
import { DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { invokeSteadily, type Post, readSettings } from "./invoke";

const settings = readSettings();

/** As AWS SDK v3 makes its agents. */
const MAX_SOCKETS = 50;

/** Persistent connections without TCP keep-alive: Node's agent switches both on together. */
function agentWithoutProbes(): Agent {
	const agent = new Agent({ keepAlive: true, maxSockets: MAX_SOCKETS });
	const { keepSocketAlive } = agent;
	agent.keepSocketAlive = (socket) => {
		const kept = keepSocketAlive.call(agent, socket);
		if (socket instanceof Socket) socket.setKeepAlive(false);
		return kept;
	};
	return agent;
}

/** TCP keep-alive as Node's agent sets it, on connections that are closed after each response. */
function agentWithProbesAlone(): Agent {
	const agent = new Agent({ keepAlive: false, maxSockets: MAX_SOCKETS });
	const { createConnection } = agent;
	agent.createConnection = (...args) => {
		const socket = createConnection.apply(agent, args);
		if (socket instanceof Socket) {
			socket.once("connect", () => socket.setKeepAlive(true, 1000));
		}
		return socket;
	};
	return agent;
}

function httpsAgent(): Agent | AgentOptions {
	switch (settings.client) {
		case "keep-alive-off":
			return { keepAlive: false };
		case "idle-limit":
			return { keepAlive: true, timeout: settings.idleLimit };
		case "no-probes":
			return agentWithoutProbes();
		case "probes-only":
			return agentWithProbesAlone();
		default:
			return {};
	}
}

function createClient(endpoint: string): DynamoDBClient {
	return new DynamoDBClient({
		endpoint,
		requestHandler: { httpsAgent: httpsAgent() },
	});
}

/** The clients of the endpoints, those last used at the end. */
const clients = new Map<string, DynamoDBClient>();

function clientFor(endpoint: string): DynamoDBClient {
	if (settings.client === "per-call") return createClient(endpoint);
	const client = clients.get(endpoint) ?? createClient(endpoint);
	clients.delete(endpoint);
	clients.set(endpoint, client);
	for (const [oldest, unused] of clients) {
		if (clients.size <= (settings.pools ?? Infinity)) break;
		unused.destroy();
		clients.delete(oldest);
	}
	return client;
}

function handler(post: Post, endpoint: string): Promise<unknown> {
	return clientFor(endpoint).send(
		new PutItemCommand({
			TableName: settings.table,
			Item: {
				userId: { S: post.userId },
				postId: { S: post.postId },
				message: { S: post.message },
			},
		}),
	);
}

invokeSteadily(settings, handler);
