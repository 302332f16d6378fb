import type { Reason } from "./reason";
import { ms } from "./wording";

/** What news of a closed connection takes beyond a round trip, where machines are busy, in milliseconds. */
const DELAY = 300;

/**
 * A reused connection that ended before its request was answered. A server that had closed it says so within a round
 * trip; one that ends it later may have had the request, and done what it asks for.
 */
export function endedUnanswered(
	{
		sinceWritten = 0,
		roundTrip = 0,
	}: {
		readonly sinceWritten?: number | undefined;
		readonly roundTrip?: number | undefined;
	},
	code: string | undefined,
): readonly [Reason, string] {
	const said = code ? ` (${code})` : "";
	return sinceWritten <= roundTrip + DELAY
		? [
				"stale_reset",
				`the previous request was sent on a reused connection that the server had closed${said}`,
			]
		: [
				"socket_error",
				`the connection ended ${ms(sinceWritten)} after the previous request was written, without an answer${said}`,
			];
}
