/** Ratio of neighbouring bucket limits: a quantile is off by at most 1 %. */
const GROWTH = 1.02;
/** Values below are counted as this, in milliseconds. */
const SMALLEST = 0.001;

/**
 * Quantiles of durations in bounded memory: counts in buckets of logarithmic width, about 1200 for all durations from
 * a microsecond to a day.
 */
export class Quantiles {
	private readonly buckets = new Map<number, number>();
	private total = 0;

	/** @param duration in milliseconds */
	add(duration: number): void {
		const bucket = Math.round(
			Math.log(Math.max(duration, SMALLEST)) / Math.log(GROWTH),
		);
		this.buckets.set(bucket, (this.buckets.get(bucket) ?? 0) + 1);
		this.total += 1;
	}

	get count(): number {
		return this.total;
	}

	/**
	 * The nearest-rank percentile in milliseconds; absent without values.
	 * @param percent above 0, up to 100
	 */
	percentile(percent: number): number | undefined {
		let left = Math.ceil((percent / 100) * this.total);
		for (const bucket of [...this.buckets.keys()].sort((a, b) => a - b)) {
			left -= this.buckets.get(bucket) ?? 0;
			if (left <= 0) return GROWTH ** bucket;
		}
		return undefined;
	}
}
