import type { Socket } from "node:net";
import { URL } from "node:url";
import type { ServerHints } from "../connections/connection";
import type { Exchange } from "../connections/request";
import { announcedIdleLimit } from "../keep-alive";
import { indexOfHeader } from "./header-pairs";
import { parserOf } from "./undici-internals";
import type { UndiciPool } from "./undici-pools";

/** The server that an undici request is for. */
export interface UndiciOrigin {
	readonly secure: boolean;
	readonly host: string;
	readonly port: number;
	/** `http://localhost:8080`, without a standard port. */
	readonly text: string;
}

/** A request of undici, in the fields that it has in versions 6, 7 and 8. */
export interface UndiciRequest {
	readonly origin: string | URL;
	readonly method: string;
	readonly path: string;
	/** Names and values by turns. */
	readonly headers: readonly (string | readonly string[])[];
	readonly body: unknown;
	readonly upgrade: string | null;
	readonly reset: boolean | null;
}

/** Headers are pairs of buffers or strings in a list, or an object with HTTP/2. */
export interface UndiciResponse {
	readonly statusCode: number;
	readonly headers:
		| readonly (Buffer | string)[]
		| Readonly<Record<string, string>>;
}

/** An exchange of undici, read from its request object and from the response that its channel told of. */
export class UndiciExchange implements Exchange {
	response: UndiciResponse | undefined;
	socket: Socket | undefined;
	/** A connection was begun for it. */
	connecting = false;
	/** The pool in whose queue it is. */
	waitsIn: UndiciPool | undefined;
	httpVersion: string | undefined;

	constructor(
		readonly request: UndiciRequest,
		readonly origin: UndiciOrigin,
	) {}

	get method(): string {
		return this.request.method;
	}

	get host(): string {
		return this.origin.host;
	}

	get port(): number {
		return this.origin.port;
	}

	get forForwarding(): boolean {
		return (
			!this.request.path.startsWith("/") && this.request.method !== "CONNECT"
		);
	}

	get url(): string {
		const { path } = this.request;
		if (this.forForwarding) return path;
		// The path of a CONNECT is the address behind the proxy.
		return path.startsWith("/") ? this.origin.text + path : this.origin.text;
	}

	requestHeader(name: string): string | undefined {
		if (name === "connection") return this.request.reset ? "close" : undefined;
		return headerIn(this.request.headers, name);
	}

	pendingBody(): string | undefined {
		const { body } = this.request;
		return body instanceof Uint8Array
			? Buffer.from(body).toString()
			: undefined;
	}

	get statusCode(): number | undefined {
		return this.response?.statusCode;
	}

	responseHeader(name: string): string | undefined {
		return this.response && headerOf(this.response, name);
	}

	/** undici stops reading from the connection when nobody takes what it has read. */
	get responseUnread(): boolean {
		return this.socket !== undefined && parserOf(this.socket)?.paused === true;
	}
}

/** What a response says about the future of its connection, read when somebody asks. */
export class UndiciHints implements ServerHints {
	readonly httpVersion = "1.1";

	constructor(private readonly response: UndiciResponse) {}

	get statusCode(): number {
		return this.response.statusCode;
	}

	get connection(): string | undefined {
		return headerOf(this.response, "connection")?.toLowerCase();
	}

	get idleLimit(): number | undefined {
		return announcedIdleLimit(headerOf(this.response, "keep-alive") ?? "");
	}
}

function headerOf(
	{ headers }: UndiciResponse,
	name: string,
): string | undefined {
	return isPairs(headers) ? headerIn(headers, name) : headers[name];
}

function isPairs(
	headers: UndiciResponse["headers"],
): headers is readonly (Buffer | string)[] {
	return Array.isArray(headers);
}

function headerIn(
	pairs: readonly (Buffer | string | readonly string[])[],
	name: string,
): string | undefined {
	const index = indexOfHeader(pairs, name);
	return index < 0 ? undefined : String(pairs[index + 1]);
}

const parsed = new Map<string, UndiciOrigin>();
const MOST_ORIGINS = 1000;

/**
 * The server that a request is for; one to a proxy names it in its path. Absent where that is no URL, which a client
 * of one server does not mind.
 */
export function serverOf({
	origin,
	path,
	method,
}: UndiciRequest): UndiciOrigin | undefined {
	const named =
		method === "CONNECT" ? undefined : /^https?:\/\/[^/?#]+/.exec(path);
	const text = String(named ? named[0] : origin);
	return parsed.get(text) ?? (URL.canParse(text) ? originOf(text) : undefined);
}

/** Reads an origin; those of the program are few and come again and again. */
export function originOf(origin: string): UndiciOrigin {
	const known = parsed.get(origin);
	if (known) return known;
	const { protocol, hostname, port, origin: text } = new URL(origin);
	const secure = protocol === "https:";
	const fresh = {
		secure,
		host: hostname.replace(/^\[(.*)\]$/, "$1"),
		port: Number(port) || (secure ? 443 : 80),
		text,
	};
	if (parsed.size >= MOST_ORIGINS) parsed.clear();
	parsed.set(origin, fresh);
	return fresh;
}
