import type { Connection } from "../connections/connection";
import type {
	UndiciEnding,
	UndiciEndingFacts,
	UndiciLastRequest,
} from "../connections/undici-ending";
import { errorType } from "./errors";
import { isReset, type SocketState } from "./sockets";
import type { UndiciExchange } from "./undici-exchange";
import {
	idleLimitOf,
	idleMarginOf,
	isRetired,
	isWriting,
	pipeliningOf,
	requestLimitOf,
} from "./undici-internals";

/** undici's own words. Other messages may hold anything and are not looked at. */
const SAID: Readonly<Record<string, UndiciEnding["said"]>> = {
	"socket idle timeout": "idle limit",
	reset: "closes after response",
	aborted: "aborted",
	"no request waits for this connection": "aborted",
	"servername changed": "server name changed",
	"other side closed": "closed by peer",
	closed: "closed by peer",
	"bad response": "unexpected data",
};

const CODES: Readonly<Record<string, UndiciEnding["said"]>> = {
	UND_ERR_DESTROYED: "destroyed",
	UND_ERR_HEADERS_TIMEOUT: "timeout",
	UND_ERR_BODY_TIMEOUT: "timeout",
};

/** Methods whose requests have a body. */
const METHODS_WITH_BODY = new Set([
	"PUT",
	"POST",
	"PATCH",
	"QUERY",
	"PROPFIND",
	"PROPPATCH",
]);

/** Gathers what undici lets be known of a connection at the moment when it destroys it. */
export function undiciEndingFacts(
	socket: object,
	{ client, exchange }: NonNullable<SocketState["undici"]>,
	error: unknown,
	{ requestCount, idleSince }: Connection,
): Pick<UndiciEndingFacts, "undici" | "request"> {
	const { destroyed, closed } = client as Record<string, unknown>;
	const givenUp =
		destroyed === true || (closed === true && idleSince !== undefined);
	return {
		undici: {
			said: givenUp ? "destroyed" : saidBy(error),
			reset: isReset(socket),
			code: error ? errorType(error) : undefined,
			idleLimit: idleLimitOf(client),
			margin: idleMarginOf(client),
			early: isWriting(socket),
			requests: requestLimitOf(socket),
			pipelining: pipeliningOf(client),
			retired: isRetired(client),
		},
		request: exchange && lastRequest(exchange, requestCount > 1),
	};
}

function saidBy(error: unknown): UndiciEnding["said"] {
	const { code, message } = (error ?? {}) as Record<string, unknown>;
	if (code === "UND_ERR_INFO" || code === "UND_ERR_SOCKET") {
		return SAID[String(message)] ?? "something else";
	}
	return CODES[String(code)] ?? "something else";
}

function lastRequest(
	exchange: UndiciExchange,
	reused: boolean,
): UndiciLastRequest {
	const { request, method } = exchange;
	return {
		method,
		unusualBody: request.body !== null && !METHODS_WITH_BODY.has(method),
		answered: exchange.statusCode !== undefined,
		reused,
		askedToClose: request.reset === true,
		responseConnection: exchange.responseHeader("connection")?.toLowerCase(),
	};
}
