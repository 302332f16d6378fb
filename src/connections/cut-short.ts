import type { Reason } from "./reason";
import { ms } from "./wording";

/** What news of a closed connection takes beyond a round trip, where machines are busy, in milliseconds. */
const DELAY = 300;

/** How late a connection ended. Nobody who watches from outside knows: it is added inside. */
export interface Lateness {
	/** How many milliseconds after its request was written, as far as it was. */
	sinceWritten?: number | undefined;
	/** What it took to connect, in milliseconds. */
	roundTrip?: number | undefined;
}

type Explanation = readonly [Reason, string];

/** What is said of a connection that ended with its request while nothing tells why. */
export const ENDED_WITHOUT_CODE =
	"the connection ended before the previous request was over";

/** A connection that ended with its request, for no reason that could be seen. */
export function endedWithRequest(code: string | undefined): Explanation {
	return [
		"socket_error",
		code ? `the previous request failed with ${code}` : ENDED_WITHOUT_CODE,
	];
}

/**
 * A reused connection that ended before its request was answered. A server that had closed it says so within a round
 * trip; one that ends it later may have had the request, and done what it asks for.
 */
export function endedUnanswered(
	{ sinceWritten = 0, roundTrip = 0 }: Readonly<Lateness>,
	code: string | undefined,
): Explanation {
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
