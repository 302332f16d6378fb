import { Agent, type IncomingHttpHeaders, request } from "node:http";
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

	private ask(
		method: "GET" | "POST",
		path: string,
		headers: Record<string, string>,
	): Promise<Answer> {
		return new Promise((resolve, reject) => {
			const { host, port } = this.api;
			const asked = plainRequest(
				{ agent: this.agent, host, port, method, path: BASE + path, headers },
				(response) => {
					let body = "";
					response.setEncoding("utf8");
					response.on("data", (text: string) => {
						body += text;
					});
					response.on("error", reject);
					response.on("end", () => {
						const { statusCode, headers } = response;
						if (statusCode === 200) resolve({ headers, body });
						else reject(new Error(`HTTP status ${statusCode}`));
					});
				},
			);
			// The runtime may wait for an empty event loop; a question that is open between invocations is not work.
			asked.on("socket", (socket) => socket.unref());
			asked.on("error", reject);
			asked.end(method === "POST" ? '{"events":["INVOKE"]}' : undefined);
		});
	}
}
