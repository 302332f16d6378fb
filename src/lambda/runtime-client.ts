import { subscribe } from "node:diagnostics_channel";
import type { ClientRequest, IncomingMessage } from "node:http";
import { basename } from "node:path";
import { errorName, OTHER } from "../hooks/errors";
import { replaceMethod } from "../hooks/patch";
import type { RuntimeApi } from "./environment";

/** Told of every step between the runtime and Lambda. None of it throws. */
export interface RuntimeObserver {
	/** Runs something of the agent's own, and keeps its faults from the runtime. */
	guard<T>(run: () => T): T | undefined;
	/** The runtime has loaded what it talks to Lambda with; its first question follows when the function has been loaded. */
	clientLoaded(): void;
	/** The runtime asks for the next invocation, and waits with that for the promise if there is one. */
	nextAsked(): Promise<void> | undefined;
	/** The runtime has an invocation, and is about to call the handler. */
	begun(headers: Headers): void;
	/** A streamed response has been handed over to its end. */
	streamed(id: string, error: string | undefined): void;
	/**
	 * The handler is done. The response has left, unless responses are held: then it waits for the promise.
	 * @param error what the runtime reports as the type of its error
	 */
	ended(id: string, error: string | undefined): Promise<void> | undefined;
	/** Whether a response waits for the promise of `ended`. */
	readonly holdsResponses: boolean;
}

export type Headers = Readonly<Record<string, unknown>>;

/** What the runtime loads from `rapid-client.node` to talk to Lambda. Checked in its versions 3.3.0 and 4.0.2. */
interface RuntimeClient {
	next(): Promise<{ readonly headers: Headers }>;
	/** Sends the response and returns when Lambda has it. */
	done(id: string, body: string): unknown;
	error(id: string, body: string, cause: string): unknown;
}

const CLIENT_FILE = "rapid-client.node";

/**
 * Watches the runtime where it talks to Lambda and not where it calls the handler: the handler, its module, its
 * errors and its context stay exactly what they are, and so does whatever the runtime says of them.
 */
export function watchRuntime(observer: RuntimeObserver, api: RuntimeApi): void {
	replaceMethod(process, "dlopen", (dlopen) => {
		return function (this: unknown, module: { exports: unknown }, ...rest) {
			const result = dlopen.call(this, module, ...rest);
			observer.guard(() => {
				if (basename(String(rest[0])) !== CLIENT_FILE) return;
				module.exports = observed(module.exports as RuntimeClient, observer);
				observer.clientLoaded();
			});
			return result;
		};
	});
	watchRequests(observer, api);
}

function observed(
	client: RuntimeClient,
	observer: RuntimeObserver,
): RuntimeClient {
	/** The response that is held back. */
	let held: Promise<unknown> | undefined;

	function respond(
		encodedId: string,
		error: string | undefined,
		send: () => unknown,
	): unknown {
		const id = observer.guard(() => decodeURIComponent(encodedId)) ?? "";
		// After an error that nobody caught the runtime ends the process as soon as it has been sent.
		const holds = observer.guard(() => observer.holdsResponses) === true;
		if (holds && error === undefined) {
			held = observer.ended(id, error)?.then(send);
			// The runtime hears of what goes wrong when it asks for the next invocation.
			held?.catch(() => {});
			return held ? null : send();
		}
		try {
			return send();
		} finally {
			observer.ended(id, error);
		}
	}

	return {
		...client,
		next() {
			const delivered = observer.nextAsked();
			const ready = held ?? delivered;
			held = undefined;
			const response = ready ? ready.then(() => client.next()) : client.next();
			return response.then((invocation) => {
				observer.begun(invocation.headers);
				return invocation;
			});
		},
		done: (id, body) => respond(id, undefined, () => client.done(id, body)),
		error: (id, body, cause) =>
			respond(id, observer.guard(() => errorTypeOf(body)) ?? OTHER, () =>
				client.error(id, body, cause),
			),
	};
}

/** The body is what the runtime makes of the error: `{"errorType":"TypeError","errorMessage":...}`. */
function errorTypeOf(body: string): string {
	return errorName(/^\{"errorType":"([^"\\]+)"/.exec(body)?.[1] ?? "");
}

const NEXT = "/2018-06-01/runtime/invocation/next";
const RESPONSE = /^\/2018-06-01\/runtime\/invocation\/([^/]+)\/response$/;

/** What the runtime sends by `node:http`: streamed responses, and with its alternative client the question for the next invocation. */
function watchRequests(observer: RuntimeObserver, api: RuntimeApi): void {
	const on = (name: string, handle: (message: Exchange) => void): void =>
		subscribe(name, (message) =>
			observer.guard(() => handle(message as Exchange)),
		);
	// Published when a request has been handed over to its end.
	on("http.client.request.start", ({ request }) => {
		if (!isToRuntime(request, api)) return;
		const [, id] = RESPONSE.exec(request.path) ?? [];
		if (id !== undefined) {
			observer.streamed(decodeURIComponent(id), errorInTrailer(request));
		} else if (request.path === NEXT) {
			void observer.nextAsked();
		}
	});
	on("http.client.response.finish", ({ request, response }) => {
		if (request.path === NEXT && isToRuntime(request, api)) {
			observer.begun(response.headers);
		}
	});
}

interface Exchange {
	readonly request: ClientRequest;
	readonly response: IncomingMessage;
}

function isToRuntime(
	{ path, host, socket }: ClientRequest,
	api: RuntimeApi,
): boolean {
	return (
		path.startsWith("/2018-06-01/runtime/") &&
		host === api.host &&
		socket?.remotePort === api.port
	);
}

/** A response that fails while it is streamed says so after its body. `_trailer`: checked on Node 20, 22, 24. */
function errorInTrailer(request: ClientRequest): string | undefined {
	const { _trailer = "" } = request as { _trailer?: string };
	const [, name] =
		/^Lambda-Runtime-Function-Error-Type: (.+?)\r?$/m.exec(_trailer) ?? [];
	return name === undefined ? undefined : errorName(name);
}
