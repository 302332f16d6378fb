import type { Bucket, Distribution } from "./model";

/** Ratio of neighbouring bucket limits: a quantile is off by at most 1 %. */
const GROWTH = 1.02;
/** Values below are counted as this, in milliseconds. */
const SMALLEST = 0.001;
/** Buckets that make one of a distribution, which is about 10 % wide. */
const MERGED = 5;

/**
 * Quantiles of durations in bounded memory: counts in buckets of logarithmic width, about 1200 for all durations from
 * a microsecond to a day.
 */
export class Quantiles {
	private readonly buckets = new Map<number, number>();
	private total = 0;
	private sum = 0;
	private max = 0;

	/**
	 * @param duration in milliseconds
	 * @param weight how many durations it stands for
	 */
	add(duration: number, weight = 1): void {
		const bucket = Math.round(
			Math.log(Math.max(duration, SMALLEST)) / Math.log(GROWTH),
		);
		this.buckets.set(bucket, (this.buckets.get(bucket) ?? 0) + weight);
		this.total += weight;
		this.sum += duration * weight;
		this.max = Math.max(this.max, duration);
	}

	get count(): number {
		return this.total;
	}

	/**
	 * The nearest-rank percentile in milliseconds; absent without values.
	 * @param percent above 0, up to 100
	 */
	percentile(percent: number): number | undefined {
		let left = (percent / 100) * this.total;
		for (const [bucket, count] of this.ascending()) {
			left -= count;
			// Weights need not add up exactly.
			if (left <= 1e-9 * this.total) return GROWTH ** bucket;
		}
		return undefined;
	}

	/** Absent without values. */
	distribution(): Distribution | undefined {
		const [p50Ms, p95Ms, p99Ms] = [50, 95, 99].map((percent) =>
			this.percentile(percent),
		);
		if (p50Ms === undefined || p95Ms === undefined || p99Ms === undefined) {
			return undefined;
		}
		return {
			count: Math.round(this.total),
			meanMs: this.sum / this.total,
			maxMs: this.max,
			p50Ms,
			p95Ms,
			p99Ms,
			buckets: this.mergedBuckets(),
		};
	}

	private mergedBuckets(): Bucket[] {
		const merged = new Map<number, number>();
		for (const [bucket, count] of this.ascending()) {
			const wide = Math.floor(bucket / MERGED);
			merged.set(wide, (merged.get(wide) ?? 0) + count);
		}
		return [...merged].map(([wide, count]) => ({
			fromMs: lowerLimit(wide * MERGED),
			toMs: lowerLimit((wide + 1) * MERGED),
			count: Math.round(count),
		}));
	}

	private ascending(): [number, number][] {
		return [...this.buckets].sort(([a], [b]) => a - b);
	}
}

/** A bucket holds what rounds to its power. */
function lowerLimit(bucket: number): number {
	return GROWTH ** (bucket - 0.5);
}
