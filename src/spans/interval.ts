import type { Phase } from "../connections/setup";

/** In milliseconds of the monotonic clock. */
export interface Interval {
	readonly start: number;
	readonly end: number;
}

/** A microsecond, and what rounding to nanoseconds can take from it. */
const APART = 0.001_01;

/** @param cutAt the moment at which the process ended before the phase did */
export function interval({ start, end }: Phase, cutAt?: number): Interval {
	return { start, end: end ?? cutAt ?? start };
}

/**
 * Phases in their order, with their intervals. What follows at once is put a microsecond later: Jaeger counts in whole
 * microseconds, takes spans that touch for parallel ones, and leaves the earlier one out of the critical path.
 */
export function* consecutive<Item extends { readonly phase: Phase }>(
	items: readonly Item[],
	cutAt: number | undefined,
): Generator<[Item, Interval]> {
	let latest = Number.NEGATIVE_INFINITY;
	for (const item of items) {
		const { start, end } = interval(item.phase, cutAt);
		const follows = start >= latest && start < latest + APART;
		yield [
			item,
			{ start: follows ? Math.min(latest + APART, end) : start, end },
		];
		latest = Math.max(latest, end);
	}
}
