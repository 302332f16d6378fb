// The other ends of a measurement, in a process of their own: servers that take puts, and a collector that counts what arrives.
import { createServer } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { createServer as createNetServer } from "node:net";
import { makeCertificate } from "./certificate.mjs";

/** Longer than any run: what an idle connection costs is another question. */
const KEEP_ALIVE = 600_000;

const { private: key, cert } = await makeCertificate();
let received = 0;

function takePut(request, response) {
	request.resume();
	request.on("end", () => {
		response.setHeader("content-type", "application/x-amz-json-1.0");
		response.setHeader("x-amzn-requestid", "0".repeat(52));
		response.end("{}");
	});
}
const secure = createSecureServer({ key, cert }, takePut);
const plain = createServer(takePut);
for (const server of [secure, plain]) server.keepAliveTimeout = KEEP_ALIVE;

const SLOW_MS = 2000;

/** Takes OTLP and Datadog's format; a batch of spans is far larger than the polite questions that agents ask at start. */
const collector = createServer((request, response) => {
	request.on("data", (chunk) => {
		received += chunk.length;
	});
	const answer = () => {
		response.setHeader("content-type", "application/json");
		response.end("{}");
	};
	request.on("end", () => {
		if (request.url.startsWith("/slow/")) setTimeout(answer, SLOW_MS);
		else if (!request.url.startsWith("/hangs/")) answer();
	});
});

/** Each address of the loopback device is a host of its own; as many as a measurement has. */
const HOSTS = 1000;

const listen = (server, host = "127.0.0.1", port = 0) =>
	new Promise((resolve) =>
		server.listen({ port, host, backlog: 4096 }, () =>
			resolve(server.address().port),
		),
	);

async function listenAsManyHosts(server) {
	const port = await listen(server);
	for (let host = 2; host <= HOSTS; host++) {
		await listen(
			createNetServer((socket) => server.emit("connection", socket)),
			`127.0.${host >> 8}.${host & 0xff}`,
			port,
		);
	}
	return port;
}

process.on("disconnect", () => process.exit());
process.on("message", () => {
	process.send({ received });
	received = 0;
});
process.send({
	cert,
	secure: await listen(secure),
	plain: await listenAsManyHosts(plain),
	collector: await listen(collector),
});
