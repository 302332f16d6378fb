// Serves by a framework, each request by one to ORIGIN, and asks itself twice: server.mjs NAME ORIGIN
import { once } from "node:events";
import http from "node:http";

const [, , name, origin] = process.argv;

const SERVERS = {
	express: async () => {
		const { default: express } = await import("express");
		const app = express();
		app.get("/", async (_, response) => response.send(await upstream()));
		const server = app.listen(0, "127.0.0.1");
		await once(server, "listening");
		return server;
	},
	fastify: async () => {
		const { default: fastify } = await import("fastify");
		const app = fastify();
		app.get("/", upstream);
		await app.listen({ host: "127.0.0.1", port: 0 });
		return app.server;
	},
};

function upstream() {
	return new Promise((resolve, reject) => {
		http
			.get(`${origin}/upstream`, (response) => {
				response.resume().on("end", () => setImmediate(resolve, "ok"));
			})
			.on("error", reject);
	});
}

const server = await SERVERS[name]();
for (let count = 0; count < 2; count++) {
	const response = await fetch(`http://127.0.0.1:${server.address().port}/`);
	if (!response.ok) throw new Error(await response.text());
	await response.text();
}
server.close();
server.closeAllConnections();
