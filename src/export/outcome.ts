import { timeOfDay } from "../clocks";
import type { Format, Rejection } from "./encoding";

/** What became of a request. */
export type Outcome =
	| {
			readonly kind: "delivered";
			/** Spans that the collector did not want, and what it said about them. */
			readonly rejected: number;
			readonly message: string;
	  }
	/** The collector will not take these spans, however often they are sent. */
	| { readonly kind: "refused"; readonly why: string }
	/** It may take them in smaller requests. */
	| { readonly kind: "too large"; readonly why: string }
	/** It may take them later: not before these milliseconds have passed, if it said so. */
	| {
			readonly kind: "failed";
			readonly why: string;
			readonly retryAfter?: number | undefined;
	  };

const TOO_LARGE = 413;

/** Statuses after which the same request may succeed, by the OTLP specification. */
const RETRYABLE = new Set([429, 502, 503, 504]);

const NONE: Rejection = { rejected: 0, message: "" };

/** What an answer by HTTP says. */
export function outcomeOf(
	{ rejection }: Format,
	status: number,
	answer: Buffer,
	retryAfter?: string,
): Outcome {
	if (status >= 200 && status < 300) {
		return { kind: "delivered", ...(rejection(answer) ?? NONE) };
	}
	const why = `HTTP status ${status}`;
	if (status === TOO_LARGE) return { kind: "too large", why };
	return RETRYABLE.has(status)
		? { kind: "failed", why, retryAfter: milliseconds(retryAfter) }
		: { kind: "refused", why };
}

/** Of seconds, or until a date. */
function milliseconds(retryAfter: string | undefined): number | undefined {
	if (retryAfter === undefined) return undefined;
	const wait = /^\d+$/.test(retryAfter)
		? Number(retryAfter) * 1000
		: Date.parse(retryAfter) - timeOfDay();
	return wait >= 0 ? wait : undefined;
}
