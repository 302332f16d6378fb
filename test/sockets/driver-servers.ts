import net, { type Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { Certificate } from "../support/certificates.js";
import {
	closeServer,
	listen,
	type ServerConnection,
} from "../support/server.js";

/** A server that speaks just enough of a protocol for its driver to connect and to have one command answered. */
export interface DriverServer {
	readonly port: number;
	readonly connections: readonly ServerConnection[];
	/** Of each connection that was secured the name that the client asked for (SNI), or false if it named none. */
	readonly serverNames: readonly unknown[];
	/** Commands that were answered. */
	readonly commands: () => number;
	close(): Promise<void>;
}

/** One connection as its protocol sees it. */
interface Talk {
	readonly socket: Socket;
	/** Puts TLS on the connection; the protocol goes on with another socket. */
	secure(then: (secured: Socket) => void): void;
	command(): void;
}

export type Protocol = (talk: Talk) => void;

export async function startDriverServer(
	protocol: Protocol,
	certificate?: Certificate,
): Promise<DriverServer> {
	const connections: ServerConnection[] = [];
	const sockets = new Set<Socket>();
	const serverNames: unknown[] = [];
	let commands = 0;
	const server = net.createServer((socket) => {
		sockets.add(socket);
		socket.on("error", () => {});
		connections.push({
			number: connections.length + 1,
			remotePort: socket.remotePort ?? 0,
			requests: [],
		});
		protocol({
			socket,
			secure(then) {
				socket.removeAllListeners("data");
				const secure: TLSSocket & { servername?: unknown } = new TLSSocket(
					socket,
					{ ...certificate, isServer: true },
				);
				secure.on("error", () => {});
				secure.once("secure", () => {
					serverNames.push(secure.servername);
				});
				then(secure);
			},
			command() {
				commands += 1;
			},
		});
	});
	const port = await listen(server, "localhost");
	return {
		port,
		connections,
		serverNames,
		commands: () => commands,
		close: () => closeServer(server, sockets),
	};
}

const SSL_REQUEST = 80_877_103;

/** PostgreSQL, https://www.postgresql.org/docs/current/protocol-message-formats.html */
export function postgres({ socket, secure, command }: Talk): void {
	socket.once("data", (first) => {
		if (first.readInt32BE(4) !== SSL_REQUEST) return start(socket);
		secure((secured) => secured.once("data", () => start(secured)));
		socket.write("S");
	});

	function start(client: Socket): void {
		const ready = postgresMessage("Z", "I");
		client.write(Buffer.concat([postgresMessage("R", "\0\0\0\0"), ready]));
		client.on("data", (data) => {
			if (data[0] !== "Q".charCodeAt(0)) return;
			command();
			client.write(Buffer.concat([postgresMessage("C", "SELECT 0\0"), ready]));
		});
	}
}

function postgresMessage(type: string, body: string): Buffer {
	const message = Buffer.from(`${type}....${body}`, "latin1");
	message.writeInt32BE(4 + body.length, 1);
	return message;
}

/** Redis, https://redis.io/docs/latest/develop/reference/protocol-spec/ */
export function redis({ socket, command }: Talk): void {
	socket.on("data", (data) => {
		for (const _ of data.toString("latin1").matchAll(/\*\d+\r\n/g)) {
			command();
			socket.write("+OK\r\n");
		}
	});
}

/** Redis behind TLS from the first byte on. */
export function secureRedis({ secure, ...talk }: Talk): void {
	secure((secured) => redis({ ...talk, secure, socket: secured }));
}

const CLIENT_SSL = 0x800;
const CLIENT_PROTOCOL_41 = 0x200;
const CLIENT_PLUGIN_AUTH = 0x80000;
const CLIENT_SECURE_CONNECTION = 0x8000;
const SSL_REQUEST_LENGTH = 32;

/** MySQL, https://dev.mysql.com/doc/dev/mysql-server/latest/PAGE_PROTOCOL.html */
export function mysql({ socket, secure, command }: Talk): void {
	socket.write(mysqlPacket(0, mysqlGreeting()));
	socket.once("data", (first) => {
		const wantsTls = first.readUIntLE(0, 3) === SSL_REQUEST_LENGTH;
		if (!wantsTls) return start(socket, first);
		secure((secured) => secured.once("data", (login) => start(secured, login)));
	});

	function start(client: Socket, login: Buffer): void {
		client.write(mysqlPacket((login[3] ?? 0) + 1, mysqlOk));
		client.on("data", () => {
			command();
			client.write(mysqlPacket(1, mysqlOk));
		});
	}
}

const mysqlOk = Buffer.from([0, 0, 0, 2, 0, 0, 0]);

function mysqlPacket(sequence: number, body: Buffer): Buffer {
	const header = Buffer.alloc(4);
	header.writeUIntLE(body.length, 0, 3);
	header[3] = sequence;
	return Buffer.concat([header, body]);
}

function mysqlGreeting(): Buffer {
	const capabilities =
		CLIENT_SSL |
		CLIENT_PROTOCOL_41 |
		CLIENT_PLUGIN_AUTH |
		CLIENT_SECURE_CONNECTION;
	const fixed = Buffer.alloc(31);
	fixed.write("saltsalt", 4);
	fixed.writeUInt16LE(capabilities & 0xffff, 13);
	fixed[15] = 45;
	fixed.writeUInt16LE(2, 16);
	fixed.writeUInt16LE(capabilities >>> 16, 18);
	fixed[20] = 21;
	return Buffer.concat([
		Buffer.from("\x0a8.0.0\0", "latin1"),
		fixed,
		Buffer.from("saltsaltsalt\0mysql_native_password\0", "latin1"),
	]);
}
