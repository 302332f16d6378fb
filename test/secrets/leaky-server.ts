import type { RequestListener } from "node:http";
import {
	type ServerOptions,
	startServer,
	type TestServer,
} from "../support/server.js";
import type { Secrets } from "./programs.js";

/** A server that puts secrets into everything it says. What it does is asked for by the path: `/status/404`, `/drop`. */
export function startLeakyServer(
	secrets: Secrets,
	certificate?: ServerOptions["certificate"],
): Promise<TestServer> {
	const handler: RequestListener = (request, response) => {
		request.resume();
		const [, action, argument] = (request.url ?? "").split(/[/?;]/);
		response.setHeader("set-cookie", `session=${secrets.responseCookie}`);
		response.setHeader("x-secret", secrets.responseHeader);
		response.setHeader("www-authenticate", `Basic ${secrets.responseHeader}`);
		response.setHeader("server", secrets.responseHeader);
		response.setHeader("keep-alive", `timeout=9, ${secrets.responseHeader}`);
		response.setHeader(
			"location",
			`/elsewhere?a=${encodeURIComponent(secrets.responseHeader)}`,
		);
		response.statusMessage = secrets.statusMessage;
		if (action === "never") return;
		if (action === "drop") {
			request.socket.destroy();
			return;
		}
		if (action === "half") {
			response.write(secrets.responseBody, () => request.socket.destroy());
			return;
		}
		response.setHeader("trailer", "x-trailer");
		response.statusCode = action === "status" ? Number(argument) : 200;
		response.write(JSON.stringify({ message: secrets.responseBody }));
		response.addTrailers({ "x-trailer": secrets.responseTrailer });
		response.end();
	};
	return startServer({ handler, ...(certificate && { certificate }) });
}
