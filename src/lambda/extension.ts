import {
	Agent,
	type IncomingHttpHeaders,
	type IncomingMessage,
	request,
} from "node:http";
import type { RuntimeApi } from "./environment";

const BASE = "/2020-01-01/extension";
const NAME = "conntrace";

/** As it is before a tracer that the function brings along replaces it: these questions are none of its business. */
const plainRequest = request;

interface Answer {
	readonly headers: IncomingHttpHeaders;
	readonly body: string;
}

/**
 * An internal extension: a part of the runtime's own process that Lambda lets finish its work after the response has
 * left. Lambda freezes the environment when the runtime and all extensions have asked for what comes next.
 */
export class Extension {
	private readonly agent = new Agent({ keepAlive: true });
	private identifier = "";

	constructor(
		private readonly api: RuntimeApi,
		leaveUntraced: (agent: Agent) => void,
	) {
		leaveUntraced(this.agent);
	}

	/** Registers for invocations; internal extensions are not told of the shutdown. Rejects if Lambda refuses. */
	async register(): Promise<void> {
		const { headers } = await this.ask("POST", "/register", {
			"lambda-extension-name": NAME,
			"content-type": "application/json",
		});
		this.identifier = String(headers["lambda-extension-identifier"]);
	}

	/** Says that all work is done, and waits for the next invocation. @returns its id */
	async next(): Promise<string> {
		const { body } = await this.ask("GET", "/event/next", {
			"lambda-extension-identifier": this.identifier,
		});
		const { requestId } = JSON.parse(body) as { requestId: string };
		return requestId;
	}

	private async ask(
		method: "GET" | "POST",
		path: string,
		headers: Record<string, string>,
	): Promise<Answer> {
		const { agent } = this;
		const { host, port } = this.api;
		const asked = plainRequest({
			agent,
			host,
			port,
			method,
			path: BASE + path,
			headers,
		});
		// The runtime may wait for an empty event loop; a question that is open between invocations is not work.
		asked.on("socket", (socket) => socket.unref());
		const response = await new Promise<IncomingMessage>((resolve, reject) => {
			asked.on("response", resolve).on("error", reject);
			asked.end(method === "POST" ? '{"events":["INVOKE"]}' : undefined);
		});
		let body = "";
		response.setEncoding("utf8");
		for await (const text of response) body += text;
		if (response.statusCode !== 200) {
			throw new Error(`HTTP status ${response.statusCode}`);
		}
		return { headers: response.headers, body };
	}
}
