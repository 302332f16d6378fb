import { once } from "node:events";
import http, {
	type IncomingMessage,
	type RequestListener,
	type ServerResponse,
} from "node:http";
import https from "node:https";
import net, { type AddressInfo, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { TLSSocket } from "node:tls";
import type { Certificate } from "./certificates.js";

/** A connection as the server saw it. */
export interface ServerConnection {
	/** In the order of acceptance, from 1. */
	readonly number: number;
	/** The client's port: the local port in the client's spans. */
	readonly remotePort: number;
	readonly requests: ServerRequest[];
}

/** A request as the server saw it. */
export interface ServerRequest {
	readonly connection: number;
	/** Position among the requests on its connection, from 1. */
	readonly number: number;
	readonly method: string;
	readonly path: string;
	readonly headers: IncomingMessage["headers"];
	readonly rawHeaders: readonly string[];
}

/** What the server counted: the truth that spans are held against. */
export interface ServerRecord {
	readonly port: number;
	readonly connections: readonly ServerConnection[];
}

export interface TestServer extends ServerRecord {
	readonly requests: readonly ServerRequest[];
	/** `http://localhost:<port>` or `https://...`. */
	readonly origin: string;
	/** The name sent by the client at each TLS handshake; false where it sent none. */
	readonly serverNames: readonly unknown[];
	close(): Promise<void>;
}

export interface ServerOptions {
	/** Speaks TLS if given. */
	readonly certificate?: Certificate &
		Pick<https.ServerOptions, "ca" | "requestCert" | "ALPNProtocols">;
	/** Default `localhost`: the address that clients try first. */
	readonly host?: string;
	/** A free one by default. */
	readonly port?: number;
	/** Answers in place of the behaviours below. */
	readonly handler?: RequestListener;
}

type Behaviour = (
	request: IncomingMessage,
	response: ServerResponse,
	argument: number,
) => void | Promise<void>;

/** What the server does is asked for by the path: `/close`, `/delay/50`. */
const BEHAVIOURS: Readonly<Record<string, Behaviour>> = {
	"": (_, response) => {
		response.end("ok");
	},
	/** Answers some milliseconds after it has read the request to its end. */
	read(request, response, milliseconds) {
		request.on("end", async () => {
			await sleep(milliseconds);
			response.end("read");
		});
	},
	status(_, response, status) {
		response.writeHead(status).end();
	},
	/** Sends the client on to the path without the behaviour. */
	redirect(request, response) {
		response.writeHead(302, { location: `/x${request.url}` }).end();
	},
	async delay(_, response, milliseconds) {
		await sleep(milliseconds);
		response.end("late");
	},
	close(_, response) {
		response.setHeader("connection", "close");
		response.end("bye");
	},
	hint(_, response, seconds) {
		response.setHeader("connection", "keep-alive");
		response.setHeader("keep-alive", `timeout=${seconds}`);
		response.end("ok");
	},
	/** Answers, and closes the idle connection some milliseconds later. */
	fin: (request, response, milliseconds) =>
		answerThen(request, response, milliseconds, (socket) => socket.end()),
	rst: (request, response, milliseconds) =>
		answerThen(request, response, milliseconds, reset),
	stray: (request, response, milliseconds) =>
		answerThen(request, response, milliseconds, (socket) =>
			socket.write("HTTP/1.1 408 Request Timeout\r\n\r\n"),
		),
	async half(request, response, milliseconds) {
		response.setHeader("content-length", 100);
		response.write("half");
		await sleep(milliseconds);
		request.socket.destroy();
	},
	async "slow-body"(_, response, milliseconds) {
		response.write("first");
		await sleep(milliseconds);
		response.end("last");
	},
	big(_, response, bytes) {
		response.end(Buffer.alloc(bytes));
	},
	http10(request) {
		const { connection, number } = numbersOf(request);
		request.socket.end(
			`HTTP/1.0 200 OK\r\nx-connection: ${connection}\r\nx-request: ${number}\r\ncontent-length: 2\r\n\r\nok`,
		);
	},
	/** Says where the body ends by nothing but the end of the connection. */
	eof(request) {
		const { connection, number } = numbersOf(request);
		request.socket.end(
			`HTTP/1.1 200 OK\r\nx-connection: ${connection}\r\nx-request: ${number}\r\n\r\nall`,
		);
	},
	/** Answers in one piece with a response that nobody asked for. */
	twice(request) {
		const { connection, number } = numbersOf(request);
		request.socket.write(
			`HTTP/1.1 200 OK\r\nx-connection: ${connection}\r\nx-request: ${number}\r\ncontent-length: 2\r\n\r\nok`.repeat(
				2,
			),
		);
	},
	garbled(request) {
		request.socket.write("no HTTP\r\n\r\n");
	},
	never() {},
	/** Closes the connection in place of an answer. */
	drop(request) {
		request.socket.destroy();
	},
	"drop-rst"(request) {
		reset(request.socket);
	},
};

/** Starts a server on a free port of the loopback interface. Each answer names its connection in `x-connection`. */
export async function startServer(
	options: ServerOptions = {},
): Promise<TestServer> {
	const { certificate, host = "localhost", handler = behave } = options;
	const server = certificate
		? https.createServer(certificate)
		: http.createServer();
	const record = recordServer(server);
	server.on("request", (request: IncomingMessage, response: ServerResponse) => {
		const { connection, number } = numbersOf(request);
		response.setHeader("x-connection", connection);
		response.setHeader("x-request", number);
		handler(request, response);
	});
	server.on("upgrade", acceptUpgrade);
	server.on("connect", openTunnel);
	// A client that gives up a handshake is no fault of the server.
	server.on("tlsClientError", () => {});
	const port = await listen(server, host, options.port);
	return {
		...record,
		port,
		origin: `${certificate ? "https" : "http"}://localhost:${port}`,
		close: () => closeServer(server, record.sockets),
	};
}

/** What a server counts from now on. */
export function recordServer(server: http.Server | https.Server): Omit<
	TestServer,
	"port" | "origin" | "close"
> & {
	readonly sockets: ReadonlySet<Socket>;
} {
	const connections: ServerConnection[] = [];
	const requests: ServerRequest[] = [];
	const serverNames: unknown[] = [];
	const sockets = new Set<Socket>();
	server.on("connection", (socket: Socket) => {
		const { remotePort = 0 } = socket;
		sockets.add(socket);
		rawSockets.set(remotePort, socket);
		socket.on("close", () => sockets.delete(socket));
		connections.push({
			number: connections.length + 1,
			remotePort,
			requests: [],
		});
	});
	server.on(
		"secureConnection",
		(socket: TLSSocket & { servername?: unknown }) =>
			serverNames.push(socket.servername),
	);
	const record = (request: IncomingMessage): void => {
		const connection = connections.findLast(
			({ remotePort }) => remotePort === request.socket.remotePort,
		);
		if (!connection) throw new Error("a request on an unknown connection");
		const seen: ServerRequest = {
			connection: connection.number,
			number: connection.requests.length + 1,
			method: request.method ?? "",
			path: request.url ?? "",
			headers: request.headers,
			rawHeaders: request.rawHeaders,
		};
		connection.requests.push(seen);
		requests.push(seen);
		numbers.set(request, seen);
	};
	for (const event of ["request", "upgrade", "connect"])
		server.on(event, record);
	return { connections, requests, serverNames, sockets };
}

/** Starts a server that accepts connections and never says a word. */
export async function startSilentServer(): Promise<
	Pick<TestServer, "port" | "connections" | "close">
> {
	const connections: ServerConnection[] = [];
	const sockets = new Set<Socket>();
	const server = net.createServer((socket) => {
		sockets.add(socket);
		socket.on("error", () => {});
		connections.push({
			number: connections.length + 1,
			remotePort: socket.remotePort ?? 0,
			requests: [],
		});
	});
	const port = await listen(server, "localhost");
	return {
		port,
		connections,
		close: () => closeServer(server, sockets),
	};
}

/** A port of the loopback interface that refuses connections. */
export async function refusingPort(): Promise<number> {
	const server = net.createServer();
	const port = await listen(server, "localhost");
	server.close();
	await once(server, "close");
	return port;
}

export async function closeServer(
	server: net.Server,
	sockets: Iterable<Socket>,
): Promise<void> {
	const closed = once(server, "close");
	for (const socket of sockets) socket.destroy();
	server.close();
	await closed;
}

/** @returns the port */
export async function listen(
	server: net.Server,
	host: string,
	port = 0,
): Promise<number> {
	server.listen(port, host);
	await once(server, "listening");
	return (server.address() as AddressInfo).port;
}

const numbers = new WeakMap<IncomingMessage, ServerRequest>();
/** A TLS socket cannot be reset itself: the socket below it is needed. */
const rawSockets = new Map<number, Socket>();

function numbersOf(request: IncomingMessage): ServerRequest {
	const seen = numbers.get(request);
	if (!seen) throw new Error("the request was not recorded");
	return seen;
}

function behave(request: IncomingMessage, response: ServerResponse): void {
	const [, name = "", argument] = (request.url ?? "/").split(/[/?]/);
	// Names without a behaviour are for the program alone.
	const behaviour = BEHAVIOURS[name] ?? BEHAVIOURS[""];
	request.resume();
	void behaviour?.(request, response, Number(argument ?? 0));
}

async function answerThen(
	request: IncomingMessage,
	response: ServerResponse,
	milliseconds: number,
	action: (socket: Socket) => void,
): Promise<void> {
	const { socket } = request;
	response.end("ok");
	await sleep(milliseconds);
	action(socket);
}

function reset({ remotePort }: Socket): void {
	rawSockets.get(remotePort ?? 0)?.resetAndDestroy();
}

function acceptUpgrade(request: IncomingMessage, socket: Duplex): void {
	const { connection, number } = numbersOf(request);
	socket.on("error", () => {});
	socket.write(
		`HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\nx-connection: ${connection}\r\nx-request: ${number}\r\n\r\n`,
	);
	socket.pipe(socket);
}

/** Does what a proxy does: passes the bytes on to the host and port that were asked for. */
export function openTunnel(
	request: IncomingMessage,
	socket: Duplex,
): net.Socket {
	const { hostname, port } = new URL(`http://${request.url}`);
	const target = net.connect(Number(port), hostname);
	socket.on("error", () => target.destroy());
	target.on("error", () => socket.destroy());
	target.on("connect", () => {
		socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
		socket.pipe(target).pipe(socket);
	});
	return target;
}
