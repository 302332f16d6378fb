import { once } from "node:events";
import type { Server } from "node:https";
import type { AddressInfo } from "node:net";
import dynalite from "dynalite";
import type { Certificate } from "./certificate.js";

export interface DynamoDB {
	readonly endpoint: string;
	/** What the server itself has seen so far: the truth that the traces are held against. */
	readonly seen: { connections: number; requests: number };
	/** Calls back at each request, until the returned function is called. */
	onRequest(listener: () => void): () => void;
	close(): Promise<void>;
}

/**
 * Starts a DynamoDB in memory behind HTTPS, on a free port of the loopback interface.
 * @throws the system's error when it cannot listen.
 */
export async function startDynamoDB({
	key,
	cert,
}: Certificate): Promise<DynamoDB> {
	const server = dynalite({ ssl: true, key, cert, ca: cert, createTableMs: 0 });
	const seen = { connections: 0, requests: 0 };
	server.on("connection", () => seen.connections++);
	server.on("request", () => seen.requests++);
	await listen(server);
	const { port } = server.address() as AddressInfo;
	return {
		endpoint: `https://localhost:${port}`,
		seen,
		onRequest(listener) {
			server.on("request", listener);
			return () => server.off("request", listener);
		},
		async close() {
			const closed = once(server, "close");
			server.close();
			server.closeAllConnections();
			await closed;
		},
	};
}

async function listen(server: Server): Promise<void> {
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
}
