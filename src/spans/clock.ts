import type { HrTime } from "@opentelemetry/api";
import { timeOrigin } from "../clocks";

/**
 * The one clock of all spans of this process: `performance.now()`, anchored once to the time of day. Spans that anchor
 * themselves, as those of the SDK do, differ by up to a millisecond and a child can seem to escape its parent.
 */
const ORIGIN_SECONDS = Math.floor(timeOrigin / 1000);
const ORIGIN_NANOSECONDS = (timeOrigin - ORIGIN_SECONDS * 1000) * 1_000_000;

/** Milliseconds since 1970. */
export function toEpoch(milliseconds: number): number {
	return timeOrigin + milliseconds;
}

export function toHrTime(milliseconds: number): HrTime {
	const seconds = Math.floor(milliseconds / 1000);
	const nanoseconds = Math.round(
		ORIGIN_NANOSECONDS + (milliseconds - seconds * 1000) * 1_000_000,
	);
	const carry = Math.floor(nanoseconds / 1_000_000_000);
	return [
		ORIGIN_SECONDS + seconds + carry,
		nanoseconds - carry * 1_000_000_000,
	];
}
