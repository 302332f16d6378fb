import { once } from "node:events";
import http, { type IncomingMessage, type ServerResponse } from "node:http";
import https from "node:https";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Certificate } from "./certificates.js";
import {
	closeServer,
	listen,
	openTunnel,
	recordServer,
	type ServerConnection,
	type ServerRecord,
} from "./server.js";

export interface TestProxy {
	readonly port: number;
	/** `http://user:password@localhost:<port>`, with credentials that no trace may show. */
	readonly url: string;
	readonly connections: readonly ServerConnection[];
	/** What came in `Proxy-Authorization`. */
	readonly credentials: readonly (string | undefined)[];
	/** What a server saw of the clients behind the proxy, by the ports of the clients themselves. */
	behind(server: ServerRecord): ServerRecord;
	close(): Promise<void>;
}

export const PROXY_PASSWORD = "pr0xy-5ec2e7";
export const PROXY_CREDENTIALS = Buffer.from(`user:${PROXY_PASSWORD}`).toString(
	"base64",
);

/** Starts a proxy that opens tunnels and forwards plain requests, or refuses both with a status. */
export async function startProxy(
	options: {
		readonly certificate?: Certificate;
		readonly refuse?: number;
	} = {},
): Promise<TestProxy> {
	const { certificate, refuse } = options;
	const server = certificate
		? https.createServer(certificate)
		: http.createServer();
	const { connections, sockets } = recordServer(server);
	const credentials: (string | undefined)[] = [];
	/** The ports of clients, by the ports from which the proxy goes on. */
	const clients = new Map<number, number>();
	const goOn = async (request: IncomingMessage, target: Socket) => {
		if (target.connecting) await once(target, "connect");
		clients.set(target.localPort ?? 0, request.socket.remotePort ?? 0);
	};
	server.on("connect", (request: IncomingMessage, socket: Duplex) => {
		credentials.push(request.headers["proxy-authorization"]);
		socket.on("error", () => {});
		if (refuse !== undefined) {
			socket.end(`HTTP/1.1 ${refuse} Refused\r\ncontent-length: 0\r\n\r\n`);
			return;
		}
		void goOn(request, openTunnel(request, socket));
	});
	server.on("request", (request: IncomingMessage, response: ServerResponse) => {
		credentials.push(request.headers["proxy-authorization"]);
		const { method, headers } = request;
		const sent = http.request(
			request.url ?? "",
			{ method, headers },
			(answer) => {
				response.writeHead(answer.statusCode ?? 0, answer.headers);
				answer.pipe(response);
			},
		);
		request.pipe(sent);
	});
	server.on("tlsClientError", () => {});
	const port = await listen(server, "localhost");
	return {
		port,
		url: `${certificate ? "https" : "http"}://user:${PROXY_PASSWORD}@localhost:${port}`,
		connections,
		credentials,
		behind: (origin) => ({
			port,
			connections: connections.map((connection) => ({
				...connection,
				requests: connection.requests.flatMap((request) =>
					request.method === "CONNECT"
						? requestsThrough(origin, connection, clients)
						: [{ ...request, path: pathOf(request.path) }],
				),
			})),
		}),
		close: () => closeServer(server, sockets),
	};
}

function requestsThrough(
	{ connections }: ServerRecord,
	{ remotePort, number }: ServerConnection,
	clients: ReadonlyMap<number, number>,
): ServerConnection["requests"] {
	return connections
		.filter((connection) => clients.get(connection.remotePort) === remotePort)
		.flatMap(({ requests }) =>
			requests.map((request) => ({ ...request, connection: number })),
		);
}

function pathOf(url: string): string {
	const { pathname, search } = new URL(url);
	return pathname + search;
}
