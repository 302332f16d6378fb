import { expect, it } from "vitest";
import { Quantiles } from "../../src/report/quantiles.js";

/** Pseudo-random numbers from 0 to 1, the same in every run. */
function* numbers(count: number): Generator<number> {
	let state = 1;
	for (let i = 0; i < count; i++) {
		state = (state * 48_271) % 0x7fffffff;
		yield state / 0x7fffffff;
	}
}

it("agrees with the exact percentile to one per cent, whatever the size of the values", () => {
	const values = [...numbers(5000)].map((x) => 10 ** (7 * x - 2));
	const quantiles = new Quantiles();
	for (const value of values) quantiles.add(value);
	const sorted = values.toSorted((a, b) => a - b);
	expect(quantiles.count).toBe(5000);
	for (const percent of [0.02, 1, 50, 95, 99.9, 100]) {
		const exact = sorted[Math.ceil((percent / 100) * sorted.length) - 1] ?? 0;
		const ratio = Number(quantiles.percentile(percent)) / exact;
		expect(ratio).toBeGreaterThan(0.99);
		expect(ratio).toBeLessThan(1.01);
	}
});

it("has no percentile without values", () => {
	expect(new Quantiles().percentile(50)).toBeUndefined();
});

it("takes a duration of nothing", () => {
	const quantiles = new Quantiles();
	quantiles.add(0);
	expect(quantiles.percentile(50)).toBeCloseTo(0.001, 4);
});

it("does not grow with the number of values", () => {
	const quantiles = new Quantiles();
	for (const x of numbers(50_000)) quantiles.add(10 ** (11 * x - 3));
	expect(
		(quantiles as unknown as { buckets: Map<number, number> }).buckets.size,
	).toBeLessThan(1400);
});

it("counts a value for as many as it stands for", () => {
	const quantiles = new Quantiles();
	quantiles.add(1);
	quantiles.add(100, 3);
	expect(quantiles.count).toBe(4);
	expect(quantiles.percentile(25)).toBeCloseTo(1, 1);
	expect(quantiles.percentile(50)).toBeGreaterThan(99);
});

it("tells the distribution in buckets that hold every value", () => {
	const quantiles = new Quantiles();
	for (const value of [2, 2, 2, 40]) quantiles.add(value);
	const distribution = quantiles.distribution();
	expect(distribution).toMatchObject({ count: 4, meanMs: 11.5, maxMs: 40 });
	expect(distribution?.p50Ms).toBeCloseTo(2, 1);
	expect(distribution?.buckets.map(({ count }) => count)).toEqual([3, 1]);
	for (const [index, value] of [2, 40].entries()) {
		const bucket = distribution?.buckets[index];
		expect(bucket?.fromMs).toBeLessThanOrEqual(value);
		expect(bucket?.toMs).toBeGreaterThan(value);
	}
	expect(new Quantiles().distribution()).toBeUndefined();
});
