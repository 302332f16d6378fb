import { ClientRequest, IncomingMessage } from "node:http";
import type { Exchange } from "../connections/request";
import { hostWithoutUser } from "../user-information";
import { indexOfHeader } from "./header-pairs";
import { countListeners } from "./listeners";
import { portOf } from "./port";

/** As it is before a program puts another in its place. */
const { getHeader } = ClientRequest.prototype;

/** Whether it is a request of Node's; a program may hand anything to an agent. */
export function isRequest(req: unknown): boolean {
	return req instanceof ClientRequest;
}

/** Whether it is a response of Node's: tests and their tools give requests others, which came from nowhere. */
export function isResponse(res: unknown): res is IncomingMessage {
	return res instanceof IncomingMessage;
}

/** A header as it will be sent. @param name in lower case */
export function headerOfRequest(
	req: ClientRequest,
	name: string,
): string | undefined {
	return headerText(getHeader.call(req, name));
}

/** The last URL that was asked for, since programs ask for the same again and again. */
let last = { protocol: "", host: "", port: 0, path: "", url: "" };

function urlOf(
	protocol: string,
	host: string,
	port: number,
	path: string,
): string {
	// Through a proxy the path is the whole URL.
	if (!path.startsWith("/") && /^[a-z]+:\/\//i.test(path)) return path;
	const name = host.includes(":") ? `[${host}]` : host;
	const standardPort = protocol === "https:" ? 443 : 80;
	const place = port === standardPort ? "" : `:${port}`;
	// The path of a CONNECT is the address behind the proxy.
	return `${protocol}//${name}${place}${path.startsWith("/") ? path : ""}`;
}

/** An exchange of `node:http`, read from its request object when somebody asks. */
class HttpExchange implements Exchange {
	constructor(
		readonly req: ClientRequest,
		readonly host: string,
		readonly port: number,
	) {}

	get method(): string {
		return String(this.req.method);
	}

	get url(): string {
		const { host, port, path } = this;
		const { protocol } = this.req;
		if (
			last.path !== path ||
			last.host !== host ||
			last.port !== port ||
			last.protocol !== protocol
		) {
			last = {
				protocol,
				host,
				port,
				path,
				url: urlOf(protocol, host, port, path),
			};
		}
		return last.url;
	}

	get forForwarding(): boolean {
		return /^https?:\/\//i.test(this.path);
	}

	/** As it is sent: Node takes other things than text as well. */
	private get path(): string {
		return String(this.req.path);
	}

	requestHeader(name: string): string | undefined {
		return headerOfRequest(this.req, name);
	}

	/** Data that waits for the socket, with the head in front of it. `outputData`: checked on Node 20, 22, 24, 26. */
	pendingBody(): string | undefined {
		const { outputData } = this.req as any;
		if (!Array.isArray(outputData) || outputData.length === 0) return undefined;
		let text = "";
		for (const { data } of outputData) text += textOf(data);
		return text;
	}

	get statusCode(): number | undefined {
		return this.res?.statusCode;
	}

	get httpVersion(): string | undefined {
		return this.res?.httpVersion;
	}

	responseHeader(name: string): string | undefined {
		return this.res && headerOf(this.res, name);
	}

	get responseUnread(): boolean {
		const { res } = this;
		return (
			res !== undefined &&
			!res.readableEnded &&
			res.readableFlowing !== true &&
			countListeners(res, "readable") === 0
		);
	}

	get res(): IncomingMessage | undefined {
		const { res } = this.req as any;
		return isResponse(res) ? res : undefined;
	}
}

export type { HttpExchange };

export function httpExchange(
	req: ClientRequest,
	options: { readonly host?: unknown; readonly port?: unknown },
): HttpExchange {
	const host = typeof options.host === "string" ? options.host : req.host;
	const standardPort = req.protocol === "https:" ? 443 : 80;
	const port = options.port ? portOf(options.port) : standardPort;
	return new HttpExchange(req, hostWithoutUser(host), port);
}

export function isHttpExchange(exchange: Exchange): exchange is HttpExchange {
	return exchange instanceof HttpExchange;
}

/**
 * A header by its name in lower case. Node makes the joined headers only for a program that asks, so the raw ones are
 * looked at; how those of the same name are joined, Node knows.
 */
function headerOf(res: IncomingMessage, name: string): string | undefined {
	const rawHeaders = rawHeadersOf(res);
	const index = indexOfHeader(rawHeaders, name);
	if (index < 0) return undefined;
	const again = indexOfHeader(rawHeaders, name, index + 2) >= 0;
	return again ? headerText(res.headers?.[name]) : rawHeaders[index + 1];
}

/** Empty where a program has removed them. */
export function rawHeadersOf({
	rawHeaders,
}: IncomingMessage): readonly string[] {
	return Array.isArray(rawHeaders) ? rawHeaders : [];
}

/** A part of a body. What is looked for in it is ASCII. */
function textOf(data: unknown): string {
	if (!(data instanceof Uint8Array)) return String(data);
	return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString(
		"latin1",
	);
}

function headerText(
	value: number | string | readonly string[] | undefined,
): string | undefined {
	return value === undefined ? undefined : String(value);
}
