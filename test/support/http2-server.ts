import http2, {
	type Http2SecureServer,
	type Http2Server,
	type IncomingHttpHeaders,
	type ServerHttp2Session,
	type ServerHttp2Stream,
	type Settings,
} from "node:http2";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Certificate } from "./certificates.js";
import {
	closeServer,
	listen,
	type ServerConnection,
	type ServerRecord,
	type ServerRequest,
} from "./server.js";

/** A server for HTTP/2 that counts its sessions as connections and their streams as requests. */
export interface Http2TestServer extends ServerRecord {
	/** `http://localhost:<port>` or `https://...`. */
	readonly origin: string;
	/** Ids of the streams of each session, in the order of the sessions. */
	readonly streamIds: readonly (readonly number[])[];
	close(): Promise<void>;
}

export interface Http2ServerOptions {
	/** Speaks TLS if given. */
	readonly certificate?: Certificate;
	readonly settings?: Settings;
	/** Answers in place of the behaviours below. */
	readonly handler?: (
		stream: ServerHttp2Stream,
		headers: IncomingHttpHeaders,
		numbers: Readonly<Record<string, number>>,
	) => void;
}

type Numbers = Readonly<Record<"x-connection" | "x-request", number>>;

type Behaviour = (
	stream: ServerHttp2Stream,
	numbers: Numbers,
	argument: number,
) => void | Promise<void>;

const { constants } = http2;

/** What the server does is asked for by the path: `/delay/50`. */
const BEHAVIOURS: Readonly<Record<string, Behaviour>> = {
	"": (stream, numbers) => answer(stream, numbers),
	status(stream, numbers, status) {
		stream.respond({ ":status": status, ...numbers }, { endStream: true });
	},
	async delay(stream, numbers, milliseconds) {
		await sleep(milliseconds);
		answer(stream, numbers);
	},
	never() {},
	/** Resets the stream by this error code in place of an answer. */
	reset(stream, _, code) {
		stream.on("error", () => {});
		// Not while Node reads: see closeAfterGoaway.
		setImmediate(() => stream.close(code));
	},
	/** Resets the stream in the middle of the answer. */
	half(stream, numbers, code) {
		stream.on("error", () => {});
		// Otherwise the stream is ended before it is reset.
		stream.respond({ ":status": 200, ...numbers }, { waitForTrailers: true });
		stream.on("wantTrailers", () => {});
		stream.write("half");
		setTimeout(() => stream.close(code), 20);
	},
	/** Answers, sends GOAWAY when the session is idle and ends the connection. */
	async goaway(stream, numbers, code) {
		const { session, id } = stream;
		const socket = rawSocket(stream);
		answer(stream, numbers);
		await sleep(30);
		if (!session?.destroyed) session?.goaway(code, id);
		await sleep(10);
		socket?.end();
	},
	/** Sends GOAWAY, answers later and ends the connection. */
	async "goaway-first"(stream, numbers, milliseconds) {
		const socket = rawSocket(stream);
		stream.session?.goaway(constants.NGHTTP2_NO_ERROR, stream.id);
		await sleep(milliseconds);
		answer(stream, numbers);
		await sleep(10);
		socket?.end();
	},
	/** Answers, and closes the idle connection some milliseconds later. */
	async fin(stream, numbers, milliseconds) {
		const socket = rawSocket(stream);
		answer(stream, numbers);
		await sleep(milliseconds);
		socket?.end();
	},
	async rst(stream, numbers, milliseconds) {
		const socket = rawSocket(stream);
		answer(stream, numbers);
		await sleep(milliseconds);
		socket?.resetAndDestroy();
	},
	/** Closes the connection in place of an answer. */
	drop(stream) {
		rawSocket(stream)?.destroy();
	},
	"drop-rst"(stream) {
		rawSocket(stream)?.resetAndDestroy();
	},
	async hints(stream, numbers, milliseconds) {
		if (stream.destroyed) return;
		stream.additionalHeaders({ ":status": 103 });
		await sleep(milliseconds);
		answer(stream, numbers);
	},
	push(stream, numbers) {
		stream.pushStream({ ":path": "/pushed" }, (error, pushed) => {
			if (error) throw error;
			pushed.respond({ ":status": 200 });
			pushed.end("pushed");
			answer(stream, numbers);
		});
	},
	trailers(stream, numbers) {
		stream.respond({ ":status": 200, ...numbers }, { waitForTrailers: true });
		stream.on("wantTrailers", () => stream.sendTrailers({ "x-sum": "1" }));
		stream.end("body");
	},
	/** Sends back what it is sent, as it comes. */
	echo(stream, numbers) {
		stream.respond({ ":status": 200, ...numbers });
		stream.pipe(stream);
	},
};

const rawSockets = new WeakMap<ServerHttp2Session, Socket>();

function rawSocket({ session }: ServerHttp2Stream): Socket | undefined {
	return session && rawSockets.get(session as ServerHttp2Session);
}

function answer(stream: ServerHttp2Stream, numbers: Numbers): void {
	if (stream.destroyed) return;
	stream.respond({ ":status": 200, ...numbers });
	stream.end("ok");
}

/** Starts a server on a free port of the loopback interface. Each answer names its connection in `x-connection`. */
export async function startHttp2Server(
	options: Http2ServerOptions = {},
): Promise<Http2TestServer> {
	const { certificate, settings = {}, handler } = options;
	const server = certificate
		? http2.createSecureServer({ ...certificate, settings })
		: http2.createServer({ settings });
	const connections: ServerConnection[] = [];
	const streamIds: number[][] = [];
	const sockets = recordSockets(server);
	server.on("session", (session: ServerHttp2Session) => {
		const { remotePort = 0 } = session.socket;
		const number = connections.length + 1;
		const requests: ServerRequest[] = [];
		const ids: number[] = [];
		connections.push({ number, remotePort, requests });
		streamIds.push(ids);
		const raw = sockets.get(remotePort);
		if (raw) rawSockets.set(session, raw);
		closeAfterGoaway(session);
		session.on("error", () => {});
		session.on("stream", (stream, headers) => {
			stream.on("error", () => {});
			const seen = {
				connection: number,
				number: requests.length + 1,
				method: headers[":method"] ?? "",
				path: headers[":path"] ?? "",
				headers,
				rawHeaders: [],
			};
			requests.push(seen);
			ids.push(stream.id ?? 0);
			const numbers = { "x-connection": number, "x-request": seen.number };
			if (handler) handler(stream, headers, numbers);
			else behave(stream, seen.path, numbers);
		});
	});
	const port = await listen(server, "localhost");
	return {
		port,
		connections,
		streamIds,
		origin: `${certificate ? "https" : "http"}://localhost:${port}`,
		close: () => closeServer(server, sockets.values()),
	};
}

/**
 * Node 20 frees a stream that it is still reading if the stream is reset in the same read while a GOAWAY waits to be sent
 * (CVE-2026-56848), and the process dies of it later. A session that the client's GOAWAY closes resets each request that
 * comes behind it. So the session stays open until its own GOAWAY is sent, after which nghttp2 drops such requests.
 */
function closeAfterGoaway(session: ServerHttp2Session): void {
	const close = session.close.bind(session);
	session.close = (callback) => {
		// Node closes a session once more when its socket has closed.
		if (session.destroyed) return;
		session.goaway();
		setImmediate(close, callback);
	};
}

/** The sockets below, by the client's port. */
function recordSockets(
	server: Http2Server | Http2SecureServer,
): Map<number, Socket> {
	const sockets = new Map<number, Socket>();
	// Before the server makes the session.
	server.prependListener("connection", (socket: Socket) => {
		sockets.set(socket.remotePort ?? 0, socket);
		socket.on("error", () => {});
	});
	return sockets;
}

function behave(
	stream: ServerHttp2Stream,
	path: string,
	numbers: Numbers,
): void {
	const [, name = "", argument] = path.split(/[/?]/);
	// Names without a behaviour are for the program alone.
	const behaviour = BEHAVIOURS[name] ?? BEHAVIOURS[""];
	if (name !== "echo") stream.resume();
	void behaviour?.(stream, numbers, Number(argument ?? 0));
}
