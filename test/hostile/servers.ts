import net, { type Socket } from "node:net";
import tls from "node:tls";
import { generate } from "selfsigned";
import type { Certificate } from "../support/certificates.js";
import { closeServer, listen } from "../support/server.js";
import { HOSTILE } from "./programs.js";

/** What a server says that means no good, whole or in part. */
const ANSWERS = [
	...[
		"\u001b[31m",
		"\u0080\u009b31m\u00ff",
		"<script>globalThis.pwned = 3</script>",
		"a".repeat(15_000),
		"a".repeat(1_000_000),
	].map(
		(text) =>
			`HTTP/1.1 200 ${text}\r\nserver: ${text}\r\nx-amzn-requestid: ${text}\r\nkeep-alive: timeout=${"9".repeat(400)}\r\ncontent-length: 0\r\n\r\n`,
	),
	`HTTP/1.1 999 \r\ncontent-length: 0\r\n\r\n`,
	`HTTP/1.1 200 OK\r\ncontent-length: ${"9".repeat(400)}\r\n\r\n`,
	`HTTP/9.9 200 OK\r\ncontent-length: 0\r\n\r\n`,
	"\u0000\u001b[31m",
	`HTTP/1.1 100 ${"\r\n\r\nHTTP/1.1 100 ".repeat(2000)}`,
	`HTTP/1.1 200 OK\r\n${"a: b\r\n".repeat(100_000)}\r\n`,
	"",
];

export interface HostileServer {
	readonly origin: string;
	close(): Promise<void>;
}

/** Answers the path `/3` with the third of its answers, and ends the connection. */
export async function startHostileServer(
	certificate?: Certificate,
): Promise<HostileServer> {
	const sockets = new Set<Socket>();
	const serve = (socket: Socket) => {
		sockets.add(socket);
		socket.on("error", () => {});
		socket.on("data", (data) => {
			const number = Number(/^\w+ \/(\d+)/.exec(data.toString("latin1"))?.[1]);
			socket.end(ANSWERS[number] ?? "", "latin1");
		});
	};
	const server = certificate
		? tls.createServer(
				{ ...certificate, ALPNProtocols: ["http/1.1", ...HOSTILE] },
				serve,
			)
		: net.createServer(serve);
	const port = await listen(server, "localhost");
	return {
		origin: `${certificate ? "https" : "http"}://localhost:${port}`,
		close: () => closeServer(server, sockets),
	};
}

/** A certificate whose subject is as hostile as its encoding lets it be. */
export async function hostileCertificate(): Promise<Certificate> {
	const value = "\u001b[31m\u009b<script>globalThis.pwned</script>\u202e\u2028";
	const { private: key, cert } = await generate(
		[
			{ name: "commonName", value },
			{ name: "organizationName", value: "o".repeat(5000) },
		],
		{ keyType: "ec", algorithm: "sha256" },
	);
	return { key, cert };
}
