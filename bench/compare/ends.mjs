// The server that the compared program calls, whose own count of connections is the truth, and a collector that keeps what comes.
import { once } from "node:events";
import { createServer } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { makeCertificate } from "../certificate.mjs";
import { fromOtlp } from "./spans.mjs";

/** Long enough that a request waits behind another one. */
const ANSWER_MS = 20;

export async function startEnds() {
	const { private: key, cert } = await makeCertificate();
	/** Requests in their order: the path, and the number of the connection that it came on. */
	const requests = [];
	const connections = new Map();
	const server = createSecureServer({ key, cert }, (request, response) => {
		request.resume();
		if (!connections.has(request.socket))
			connections.set(request.socket, connections.size + 1);
		const connection = connections.get(request.socket);
		const reused = requests.some(
			(earlier) => earlier.connection === connection,
		);
		const attempt = requests.filter(({ path }) => path === request.url).length;
		requests.push({
			path: request.url,
			connection,
			reused,
			headers: Object.keys(request.headers),
		});
		// The first attempt of the SDK fails.
		const failed = request.url.startsWith("/sdk") && attempt === 0;
		setTimeout(() => {
			response.writeHead(failed ? 500 : 200, {
				"content-type": "application/x-amz-json-1.0",
			});
			response.end("{}");
		}, ANSWER_MS);
	});
	server.keepAliveTimeout = 60_000;

	const spans = [];
	const collector = createServer(async (request, response) => {
		const body = await new Response(request).text();
		if (request.url.endsWith("/v1/traces"))
			spans.push(...fromOtlp(JSON.parse(body)));
		response.setHeader("content-type", "application/json");
		response.end("{}");
	});
	for (const one of [server, collector]) {
		one.listen(0, "127.0.0.1");
		await once(one, "listening");
	}
	return {
		cert,
		origin: `https://localhost:${server.address().port}`,
		collector: `http://127.0.0.1:${collector.address().port}`,
		requests,
		spans,
		close() {
			for (const one of [server, collector]) {
				one.close();
				one.closeAllConnections();
			}
		},
	};
}
