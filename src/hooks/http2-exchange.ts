import type { ClientHttp2Stream, IncomingHttpHeaders } from "node:http2";
import type { Exchange } from "../connections/request";
import type { SessionState } from "./http2-session";
import { countListeners } from "./listeners";

/** An exchange on a stream of `node:http2`, read from the stream when somebody asks. */
export class Http2Exchange implements Exchange {
	readonly host: string;
	readonly port: number;
	readonly httpVersion = "2";
	statusCode: number | undefined;
	responseHeaders: IncomingHttpHeaders | undefined;
	/** What the program ends the body with, which is all of it in most cases; set while it does so. */
	lastChunk: string | Uint8Array | undefined;
	/** The program closed the stream before the response had ended. */
	closedByProgram = false;

	constructor(
		readonly stream: ClientHttp2Stream,
		readonly session: SessionState,
	) {
		const { connection } = session;
		const direct = connection?.observed && !connection.setup.below;
		const { host, port } = direct ? connection.origin : this.authority;
		this.host = host;
		this.port = port;
	}

	get method(): string {
		return this.requestHeader(":method") ?? "GET";
	}

	get url(): string {
		const path = this.requestHeader(":path");
		const authority = this.requestHeader(":authority");
		// A CONNECT names in its authority what is behind the proxy. Node gives an IPv6 address no brackets there.
		const origin =
			this.method === "CONNECT" || !authority || /^[^[]*:.*:/.test(authority)
				? `${this.host.includes(":") ? `[${this.host}]` : this.host}:${this.port}`
				: withoutStandardPort(this.scheme, authority);
		return `${this.scheme}://${origin}${path?.startsWith("/") ? path : ""}`;
	}

	requestHeader(name: string): string | undefined {
		const headers = this.stream.sentHeaders;
		return text(headers?.[name] ?? otherCase(headers, name));
	}

	pendingBody(): string | undefined {
		return this.lastChunk && Buffer.from(this.lastChunk).toString();
	}

	responseHeader(name: string): string | undefined {
		return text(this.responseHeaders?.[name]);
	}

	get responseUnread(): boolean {
		const { stream } = this;
		return (
			this.responseHeaders !== undefined &&
			!stream.readableEnded &&
			stream.readableFlowing !== true &&
			countListeners(stream, "readable") === 0
		);
	}

	/** The end of the stream is that of a response which was not cut short. */
	get isComplete(): boolean {
		return (
			this.responseHeaders !== undefined &&
			!this.closedByProgram &&
			this.stream.rstCode === 0
		);
	}

	private get scheme(): string {
		const secure = this.session.connection?.secure === true;
		return this.requestHeader(":scheme") ?? (secure ? "https" : "http");
	}

	/** Where the request goes, by its own words. */
	private get authority(): { host: string; port: number } {
		const authority =
			this.requestHeader(":authority") ?? this.requestHeader("host") ?? "";
		const match = /^(?:.*@)?\[?(.*?)\]?(?::(\d+))?$/.exec(authority);
		return {
			host: match?.[1] || "localhost",
			port: Number(match?.[2] ?? (this.scheme === "http" ? 80 : 443)),
		};
	}
}

/** Node lets a program write header names in any case, and sends them in lower case. */
function otherCase(
	headers: Readonly<Record<string, unknown>> | undefined,
	name: string,
): unknown {
	for (const key in headers) {
		if (key.length === name.length && key.toLowerCase() === name) {
			return headers[key];
		}
	}
	return undefined;
}

function withoutStandardPort(scheme: string, authority: string): string {
	const standard = scheme === "http" ? ":80" : ":443";
	return authority.endsWith(standard)
		? authority.slice(0, -standard.length)
		: authority;
}

function text(value: unknown): string | undefined {
	return value === undefined ? undefined : String(value);
}
