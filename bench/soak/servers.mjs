// The other end of a soak, in a process of its own: servers that keep no record, and a collector that takes every span.
import { createServer } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import { createServer as createSecureServer } from "node:https";
import { createServer as createNetServer } from "node:net";
import { makeCertificate } from "../certificate.mjs";

/** Idle connections that their client has forgotten are closed soon. */
const KEEP_ALIVE = 500;

const { private: key, cert } = await makeCertificate();

const BEHAVIOURS = {
	"/close": (_, response) => {
		response.setHeader("connection", "close");
		response.end("bye");
	},
	"/drop": (request) => request.socket.destroy(),
	"/reset": (request) => request.socket.resetAndDestroy?.(),
	"/never": () => {},
	"/fails": (_, response) => response.writeHead(500).end("no"),
	"/large": (_, response) => response.end(Buffer.alloc(100_000)),
	/** Answers, and closes the connection at once. */
	"/ends": (request, response) =>
		response.end("ok", () => request.socket.end()),
};

function behave(request, response) {
	request.resume();
	const behaviour = BEHAVIOURS[request.url];
	if (behaviour) behaviour(request, response);
	else response.end("ok");
}

const plain = createServer(behave);
const secure = createSecureServer({ key, cert }, behave);
for (const server of [plain, secure]) server.keepAliveTimeout = KEEP_ALIVE;
const http2 = createHttp2Server((request, response) => {
	if (request.url !== "/never") response.end("ok");
});
http2.on("sessionError", () => {});

let received = 0;
const collector = createServer((request, response) => {
	const chunks = [];
	request.on("data", (chunk) => chunks.push(chunk));
	request.on("end", () => {
		received += Buffer.concat(chunks).toString().split('"spanId":').length - 1;
		response.setHeader("content-type", "application/json");
		response.end("{}");
	});
});

const listen = (server) =>
	new Promise((resolve) =>
		server.listen(0, "127.0.0.1", () => resolve(server.address().port)),
	);

const closed = createNetServer();
const refusing = await listen(closed);
closed.close();

process.on("disconnect", () => process.exit());
process.on("message", () => {
	process.send({ received });
	received = 0;
});
process.send({
	certificate: cert,
	ports: {
		plain: await listen(plain),
		secure: await listen(secure),
		http2: await listen(http2),
		collector: await listen(collector),
		refusing,
	},
});
