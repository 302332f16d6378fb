import net, { type Socket } from "node:net";
import {
	closeServer,
	listen,
	type ServerConnection,
	type ServerRecord,
	type ServerRequest,
} from "../support/server.js";

/** A connection as it passed through, with what came back on it. */
export interface RelayedConnection extends ServerConnection {
	readonly answers: Head[];
	/** Who ended it first; neither, as long as it is open. */
	readonly endedBy: "client" | "server" | undefined;
}

/** Start line and headers of a message; names in lower case. */
export interface Head {
	readonly startLine: string;
	readonly headers: Readonly<Record<string, string>>;
}

/** Passes bytes on to a server that runs elsewhere, unchanged, and counts in its place. */
export interface Relay extends ServerRecord {
	readonly origin: string;
	readonly connections: readonly RelayedConnection[];
	close(): Promise<void>;
}

/** @param target address of a server that speaks HTTP/1.1 without TLS */
export async function startRelay(target: URL): Promise<Relay> {
	const connections: RelayedConnection[] = [];
	const sockets = new Set<Socket>();
	const server = net.createServer({ allowHalfOpen: true }, (client) => {
		const upstream = net.connect({
			host: target.hostname,
			port: Number(target.port || 80),
			allowHalfOpen: true,
		});
		const requests: ServerRequest[] = [];
		const answers: Head[] = [];
		let endedBy: RelayedConnection["endedBy"];
		const number = connections.length + 1;
		connections.push({
			number,
			remotePort: client.remotePort ?? 0,
			requests,
			answers,
			get endedBy() {
				return endedBy;
			},
		});
		const onRequest = ({ startLine, headers }: Head): void => {
			const [method = "", path = ""] = startLine.split(" ");
			requests.push({
				connection: number,
				number: requests.length + 1,
				method,
				path,
				headers,
				rawHeaders: Object.entries(headers).flat(),
			});
		};
		for (const [socket, other, side, onHead] of [
			[client, upstream, "client", onRequest],
			[upstream, client, "server", (head: Head) => answers.push(head)],
		] as const) {
			sockets.add(socket);
			socket.on("data", readHeads(onHead));
			socket.on("end", () => {
				endedBy ??= side;
			});
			socket.on("error", () => other.destroy());
			socket.on("close", () => sockets.delete(socket));
			socket.pipe(other);
		}
	});
	const port = await listen(server, "localhost");
	return {
		port,
		origin: `http://localhost:${port}`,
		connections,
		close: () => closeServer(server, sockets),
	};
}

/**
 * Takes a stream of messages chunk by chunk, whose bodies have a length.
 * @param onHead called for each message when its head has come
 */
function readHeads(onHead: (head: Head) => void): (chunk: Buffer) => void {
	let rest = Buffer.alloc(0);
	let body = 0;
	return (chunk) => {
		rest = Buffer.concat([rest, chunk]);
		for (;;) {
			const skipped = Math.min(body, rest.length);
			rest = rest.subarray(skipped);
			body -= skipped;
			const end = rest.indexOf("\r\n\r\n");
			if (body > 0 || end === -1) return;
			const head = parseHead(rest.toString("latin1", 0, end));
			rest = rest.subarray(end + 4);
			if (head.headers["transfer-encoding"])
				throw new Error("a body without a length");
			body = Number(head.headers["content-length"] ?? 0);
			onHead(head);
		}
	};
}

function parseHead(text: string): Head {
	const [startLine = "", ...lines] = text.split("\r\n");
	const headers = lines.map((line) => {
		const colon = line.indexOf(":");
		return [
			line.slice(0, colon).toLowerCase(),
			line.slice(colon + 1).trim(),
		] as const;
	});
	return { startLine, headers: Object.fromEntries(headers) };
}
