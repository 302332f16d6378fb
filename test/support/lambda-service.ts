import { once } from "node:events";
import http, { type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { receiveSpans } from "./collector.js";
import type { Span } from "./spans.js";

/** What became of an invocation, as its caller sees it. */
export interface Outcome {
	readonly kind: "response" | "error";
	readonly body: string;
	readonly streamed: boolean;
	/** What the runtime says of a stream that failed on its way, by type. */
	readonly failure: string | undefined;
	/** From the moment at which the runtime was given the invocation, in milliseconds. */
	readonly duration: number;
}

export interface InvokeOptions {
	/** Milliseconds until Lambda gives the invocation up. */
	readonly timeout?: number;
	/** X-Ray's trace header. */
	readonly trace?: string;
	/** What the caller tells of itself: a client context, an identity. */
	readonly headers?: Readonly<Record<string, string>>;
}

export interface ServiceOptions {
	/** Refuses extensions, as an environment with concurrent invocations does. */
	readonly refusesExtensions?: boolean;
	/** How many of the extension's questions for an event fail. */
	readonly failedQuestions?: number;
	/** How long the collector waits with its answer, in milliseconds; Infinity: it never answers. */
	readonly collectorDelay?: number;
}

/** What Lambda sends where nobody traces: no span. */
const UNTRACED = "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0";

export const FUNCTION_ARN =
	"arn:aws:lambda:eu-west-1:123456789012:function:put-event:live";

/**
 * The side of Lambda that a function sees: the Runtime API (2018-06-01) and the Extensions API (2020-01-01), with a
 * collector beside it, so that what comes before what is known.
 */
export class LambdaService {
	/** What happened, in order: `register`, `init`, `invoke <n>`, `answer <n>`, `export`, `idle`. */
	readonly events: string[] = [];
	readonly spans: Span[] = [];
	/** Bodies that the runtime sent when the function could not be loaded. */
	readonly initErrors: string[] = [];
	collectorDelay: number;
	private questionsToFail: number;
	private readonly server = http.createServer((request, response) =>
		this.answer(request, response),
	);
	private readonly waiting: Invocation[] = [];
	private readonly open = new Map<string, Invocation>();
	private readonly runtimes: ServerResponse[] = [];
	private readonly extensions = new Map<string, ServerResponse | undefined>();
	private readonly idle: (() => void)[] = [];
	private initialized = false;
	private count = 0;

	constructor(private readonly options: ServiceOptions = {}) {
		this.collectorDelay = options.collectorDelay ?? 0;
		this.questionsToFail = options.failedQuestions ?? 0;
	}

	async start(): Promise<this> {
		this.server.listen(0, "127.0.0.1");
		this.server.keepAliveTimeout = 60_000;
		await once(this.server, "listening");
		return this;
	}

	get address(): string {
		return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
	}

	close(): void {
		this.server.close();
		this.server.closeAllConnections();
	}

	/** Gives an event to the function, as soon as it asks. */
	invoke(event: unknown, options: InvokeOptions = {}): Promise<Outcome> {
		this.count += 1;
		const number = this.count;
		return new Promise((resolve) => {
			this.waiting.push({
				...options,
				number,
				id: `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`,
				event,
				resolve,
				begun: 0,
			});
			this.hand();
		});
	}

	/** When the runtime and all extensions have asked for what comes next: Lambda may freeze the environment. */
	whenIdle(): Promise<void> {
		return this.isIdle()
			? Promise.resolve()
			: new Promise((resolve) => this.idle.push(resolve));
	}

	private isIdle(): boolean {
		return (
			this.runtimes.length > 0 &&
			![...this.extensions.values()].includes(undefined)
		);
	}

	private async answer(
		request: IncomingMessage,
		response: ServerResponse,
	): Promise<void> {
		const { method, url = "" } = request;
		const question = `${method} ${url}`;
		if (url === "/2018-06-01/runtime/invocation/next") {
			this.runtimes.push(response);
			this.asked();
		} else if (url === "/2020-01-01/extension/event/next") {
			if (this.questionsToFail > 0) {
				this.questionsToFail -= 1;
				response.writeHead(500).end();
				return;
			}
			const id = String(request.headers["lambda-extension-identifier"]);
			this.extensions.set(id, response);
			this.asked();
		} else if (question === "POST /2020-01-01/extension/register") {
			this.register(request, response, await read(request));
		} else if (question === "POST /2018-06-01/runtime/init/error") {
			this.initErrors.push(await read(request));
			response.writeHead(202).end();
		} else if (question === "POST /v1/traces") {
			await this.collect(await receiveSpans(request), response);
		} else {
			await this.finish(request, response);
		}
	}

	private register(
		request: IncomingMessage,
		response: ServerResponse,
		body: string,
	): void {
		const name = request.headers["lambda-extension-name"];
		// As documented: only while the environment initializes, and not for shutdown from within the runtime.
		if (this.options.refusesExtensions || this.initialized) {
			response.writeHead(403).end('{"errorType":"Extension.Forbidden"}');
			return;
		}
		this.events.push(`register ${name} ${body}`);
		const identifier = `extension-${this.extensions.size + 1}`;
		this.extensions.set(identifier, undefined);
		response.setHeader("lambda-extension-identifier", identifier);
		response.end('{"functionName":"put-event"}');
	}

	private async collect(
		spans: Span[],
		response: ServerResponse,
	): Promise<void> {
		const { collectorDelay } = this;
		if (collectorDelay === Infinity) return;
		if (collectorDelay > 0) await sleep(collectorDelay);
		this.spans.push(...spans);
		this.events.push("export");
		response.end("{}");
	}

	private async finish(
		request: IncomingMessage,
		response: ServerResponse,
	): Promise<void> {
		const [, id = "", kind] =
			/invocation\/([^/]+)\/(response|error)$/.exec(request.url ?? "") ?? [];
		const invocation = this.open.get(id);
		const body = await read(request);
		if (!invocation) {
			response.writeHead(400).end();
			return;
		}
		this.open.delete(id);
		this.events.push(`answer ${invocation.number}`);
		const failure = request.trailers["lambda-runtime-function-error-type"];
		invocation.resolve({
			kind: kind === "error" ? "error" : "response",
			body,
			streamed:
				request.headers["lambda-runtime-function-response-mode"] ===
				"streaming",
			failure,
			duration: performance.now() - invocation.begun,
		});
		response.writeHead(202).end();
	}

	private asked(): void {
		if (!this.initialized && this.isIdle()) {
			this.initialized = true;
			this.events.push("init");
		}
		if (this.isIdle()) {
			this.events.push("idle");
			for (const resolve of this.idle.splice(0)) resolve();
		}
		this.hand();
	}

	/** Gives the next event to the runtime and tells the extensions. */
	private hand(): void {
		while (this.waiting.length > 0 && this.isIdle()) {
			const invocation = this.waiting.shift() as Invocation;
			const runtime = this.runtimes.shift() as ServerResponse;
			const {
				id,
				number,
				event,
				trace = UNTRACED,
				headers = {},
				timeout = 10_000,
			} = invocation;
			const deadlineMs = Date.now() + timeout;
			this.open.set(id, invocation);
			this.events.push(`invoke ${number}`);
			invocation.begun = performance.now();
			runtime.setHeader("lambda-runtime-aws-request-id", id);
			runtime.setHeader("lambda-runtime-deadline-ms", deadlineMs);
			runtime.setHeader("lambda-runtime-invoked-function-arn", FUNCTION_ARN);
			runtime.setHeader("lambda-runtime-trace-id", trace);
			runtime.setHeader("content-type", "application/json");
			for (const [name, value] of Object.entries(headers))
				runtime.setHeader(name, value);
			runtime.end(JSON.stringify(event));
			for (const [identifier, extension] of this.extensions) {
				extension?.end(
					JSON.stringify({ eventType: "INVOKE", requestId: id, deadlineMs }),
				);
				this.extensions.set(identifier, undefined);
			}
		}
	}
}

interface Invocation extends InvokeOptions {
	readonly number: number;
	readonly id: string;
	readonly event: unknown;
	readonly resolve: (outcome: Outcome) => void;
	begun: number;
}

async function read(request: IncomingMessage): Promise<string> {
	let body = "";
	for await (const chunk of request) body += chunk;
	return body;
}
