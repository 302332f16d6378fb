import type { ClientHttp2Session } from "node:http2";
import type { Socket } from "node:net";
import type { Connection } from "../connections/connection";
import type { LastRequestFacts, SessionFacts } from "../connections/ending";
import type { Request } from "../connections/request";
import type { Streams } from "../connections/streams";
import { OTHER } from "./errors";

/** What the hooks remember of a client session. */
export interface SessionState {
	/** What it writes to: the socket, or Node's stand-in for a stream of the program. */
	readonly socket: Socket;
	/** Absent while it is not known whether its requests are traced. */
	connection?: Connection;
	streams?: Streams;
	/** Absent when it is over. */
	lastRequest?: Request | undefined;
	goaway?: SessionFacts["goaway"];
	/** Set during the `timeout` event of the session: its limit in milliseconds. */
	timeout?: number | undefined;
	/** The program called `close` or `destroy`. */
	closedByProgram?: boolean;
	/** The error code of a frame that Node failed to send; it closes the session for that. */
	frameError?: string;
}

/** Error codes of HTTP/2 (RFC 9113, 7), in the order of their numbers. */
const ERROR_CODES = [
	"NO_ERROR",
	"PROTOCOL_ERROR",
	"INTERNAL_ERROR",
	"FLOW_CONTROL_ERROR",
	"SETTINGS_TIMEOUT",
	"STREAM_CLOSED",
	"FRAME_SIZE_ERROR",
	"REFUSED_STREAM",
	"CANCEL",
	"COMPRESSION_ERROR",
	"CONNECT_ERROR",
	"ENHANCE_YOUR_CALM",
	"INADEQUATE_SECURITY",
	"HTTP_1_1_REQUIRED",
];

export function errorCodeName(code: unknown): string {
	if (typeof code !== "number") return OTHER;
	return ERROR_CODES[code] ?? `0x${code.toString(16)}`;
}

/** What Node takes a server to allow until it has said it. */
export const DEFAULT_MAX_STREAMS = 100;

/** The streams that the server allows at once. */
export function maxStreams({ remoteSettings }: ClientHttp2Session): number {
	return remoteSettings?.maxConcurrentStreams ?? DEFAULT_MAX_STREAMS;
}

export function sessionFacts(
	{ goaway, timeout, closedByProgram, frameError, lastRequest }: SessionState,
	{ requestCount, openRequests, clientMaxStreams }: Connection,
): SessionFacts {
	return {
		goaway,
		timeout,
		closedByProgram: closedByProgram === true,
		frameError,
		forOneRequest:
			clientMaxStreams === 1 &&
			requestCount === 1 &&
			lastRequest?.respondedAt !== undefined &&
			lastRequest.endedAt === undefined,
		requests: requestCount,
		streams: openRequests,
	};
}

/** What the last request tells when the connection ends under it. */
export function lastStreamFacts(
	{ lastRequest }: SessionState,
	peerEnded: boolean,
): LastRequestFacts | undefined {
	if (!lastRequest || lastRequest.endedAt !== undefined) return undefined;
	return {
		destroyed: false,
		responseDestroyed: false,
		switched: false,
		arrived: false,
		complete: false,
		answered: lastRequest.respondedAt !== undefined,
		reused: lastRequest.reused === true,
		timedOut: false,
		// What `node:http` makes of a connection that the server closes under a request.
		error: peerEnded ? "ECONNRESET" : lastRequest.error,
	};
}
