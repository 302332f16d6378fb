import http from "node:http";
import https from "node:https";
import type { Socket } from "node:net";
import { clearTimeout, setTimeout } from "../timers";
import { VERSION } from "../version";
import type { CollectorSettings } from "./collector-settings";
import type { Format } from "./encoding";
import { type Outcome, outcomeOf } from "./outcome";

/** More than any collector says; what goes beyond is not read. */
const MAX_ANSWER = 64 * 1024;

/**
 * Sends requests by OTLP/HTTP. Its connections and timers keep no program alive.
 */
export class OtlpTransport {
	private readonly agent: http.Agent;
	private readonly request: typeof http.request;

	constructor(
		private readonly settings: CollectorSettings,
		private readonly format: Format,
		leaveUntraced: (agent: http.Agent) => void,
	) {
		const { url, ca, cert, key } = settings;
		const secure = url.startsWith("https:");
		this.agent = inPassing(
			secure
				? new https.Agent({ keepAlive: true, ...buffers({ ca, cert, key }) })
				: new http.Agent({ keepAlive: true }),
		);
		this.request = secure ? https.request : http.request;
		leaveUntraced(this.agent);
	}

	/** @param parts the body, piece by piece */
	async send(parts: readonly Buffer[]): Promise<Outcome> {
		try {
			return await this.post(
				this.settings.gzip ? [await compressed(parts)] : parts,
			);
		} catch (error) {
			const { code, message } = error as NodeJS.ErrnoException;
			return { kind: "failed", why: code ?? message };
		}
	}

	private post(parts: readonly Buffer[]): Promise<Outcome> {
		const { url, headers, timeout, gzip } = this.settings;
		return new Promise((resolve, reject) => {
			const request = this.request(url, {
				method: "POST",
				agent: this.agent,
				headers: {
					"user-agent": `conntrace/${VERSION}`,
					...headers,
					"content-type": this.format.contentType,
					"content-length": parts.reduce((sum, { length }) => sum + length, 0),
					...(gzip && { "content-encoding": "gzip" }),
				},
			});
			const timer = setTimeout(
				() => request.destroy(new Error(`no answer within ${timeout} ms`)),
				timeout,
			).unref();
			request.on("close", () => clearTimeout(timer));
			request.on("error", reject);
			request.on("response", (response) => {
				const answer: Buffer[] = [];
				let length = 0;
				response.on("data", (chunk) => {
					if (length < MAX_ANSWER) answer.push(chunk);
					length += chunk.length;
				});
				response.on("error", reject);
				response.on("end", () =>
					resolve(
						outcomeOf(
							this.format,
							response.statusCode ?? 0,
							Buffer.concat(answer),
							response.headers["retry-after"],
						),
					),
				);
			});
			for (const part of parts) request.write(part);
			request.end();
		});
	}
}

/** The certificates as they are given to `tls`, which wants no views on other memory; absent ones stay absent. */
function buffers(
	files: Readonly<Record<string, Uint8Array | undefined>>,
): Record<string, Buffer> {
	return Object.fromEntries(
		Object.entries(files).flatMap(([name, bytes]) =>
			bytes ? [[name, Buffer.from(bytes)]] : [],
		),
	);
}

async function compressed(parts: readonly Buffer[]): Promise<Buffer> {
	const { gzip } = require("node:zlib") as typeof import("node:zlib");
	return new Promise((resolve, reject) => {
		gzip(Buffer.concat(parts), (error, result) =>
			error ? reject(error) : resolve(result),
		);
	});
}

/** Makes an agent whose connections keep no program alive, whatever they wait for. */
function inPassing(agent: http.Agent): http.Agent {
	const { createConnection, reuseSocket } = agent as AgentMethods;
	return Object.assign(agent, {
		createConnection(...args: unknown[]): Socket {
			return createConnection.apply(agent, args).unref();
		},
		reuseSocket(socket: Socket, request: unknown): void {
			reuseSocket.call(agent, socket, request);
			socket.unref();
		},
	});
}

/** Documented methods that the types leave out. */
type AgentMethods = http.Agent & {
	createConnection(...args: unknown[]): Socket;
	reuseSocket(socket: Socket, request: unknown): void;
};
