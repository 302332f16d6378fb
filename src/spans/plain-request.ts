import { isRetry } from "../aws/aws-call";
import type { Request } from "../connections/request";

/**
 * A request on a reused connection like any other: it went well at the first attempt, and nothing had to be waited for.
 * Of these some may be left out; all others tell something.
 * @param slowAfter milliseconds from which a request counts as slow
 */
export function isPlain(
	request: Request,
	end: number,
	slowAfter: number | undefined,
): boolean {
	return (
		request.reused === true &&
		request.caused === undefined &&
		request.wait === undefined &&
		request.frozen === undefined &&
		!request.findings?.length &&
		request.failure === undefined &&
		!(slowAfter !== undefined && end - request.createdAt > slowAfter) &&
		!isRetry(request.exchange)
	);
}
