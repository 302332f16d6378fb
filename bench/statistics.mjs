/** The middle value. */
export function median(values) {
	const sorted = values.toSorted((a, b) => a - b);
	const middle = sorted.length >> 1;
	return sorted.length % 2
		? sorted[middle]
		: (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The 95 % confidence interval of the median, by bootstrap. */
export function interval(values, rounds = 2000) {
	const medians = Array.from({ length: rounds }, () =>
		median(values.map(() => values[Math.floor(Math.random() * values.length)])),
	).toSorted((a, b) => a - b);
	return [
		medians[Math.floor(rounds * 0.025)],
		medians[Math.floor(rounds * 0.975)],
	];
}
