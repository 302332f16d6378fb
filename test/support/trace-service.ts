import { once } from "node:events";
import { createServer, type ServerHttp2Session } from "node:http2";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";

/** Takes traces by OTLP over gRPC, as a collector does. */
export interface TraceService {
	readonly port: number;
	close(): Promise<void>;
}

/** Of a message of gRPC: whether it is compressed, and its length in bytes. */
const HEAD_BYTES = 5;

/** @param take gets each request in protocol buffers */
export async function startTraceService(
	take: (request: Buffer) => void,
	port = 0,
): Promise<TraceService> {
	const sessions = new Set<ServerHttp2Session>();
	const server = createServer();
	server.on("session", (session) => {
		sessions.add(session);
		session.on("close", () => sessions.delete(session));
	});
	server.on("stream", async (stream) => {
		// A client that ends breaks off its requests: they are not taken.
		stream.on("error", () => {});
		const message = await buffer(stream).catch(() => undefined);
		if (!message || stream.destroyed) return;
		const body = message.subarray(HEAD_BYTES);
		take(message[0] === 1 ? gunzipSync(body) : body);
		stream.respond(
			{ ":status": 200, "content-type": "application/grpc" },
			{ waitForTrailers: true },
		);
		stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": 0 }));
		stream.end(Buffer.alloc(HEAD_BYTES));
	});
	server.listen(port, "127.0.0.1");
	await once(server, "listening");
	return {
		port: (server.address() as AddressInfo).port,
		async close() {
			server.close();
			for (const session of sessions) session.destroy();
			await once(server, "close");
		},
	};
}
