import { Connection } from "../../src/connections/connection.js";
import { type Exchange, Request } from "../../src/connections/request.js";

export const HOST = { host: "table.test", port: 443 };

/** A request and its response as a test wants them. */
export function exchange(
	parts: Partial<Exchange> & {
		readonly headers?: Readonly<Record<string, string>>;
	} = {},
): Exchange {
	const { headers = {}, ...rest } = parts;
	return {
		...HOST,
		method: "GET",
		url: "https://table.test/",
		statusCode: undefined,
		httpVersion: undefined,
		responseUnread: false,
		requestHeader: (name) => headers[name],
		responseHeader: () => undefined,
		pendingBody: () => undefined,
		...rest,
	};
}

export const request = (...parts: Parameters<typeof exchange>): Request =>
	new Request(exchange(...parts), 0, undefined);

export const connection = (id = "c-1"): Connection =>
	new Connection(id, HOST, true, 0, undefined);
