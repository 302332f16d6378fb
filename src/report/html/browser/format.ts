const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat("en", {
	minimumFractionDigits: 1,
	maximumFractionDigits: 1,
});
const hundredths = new Intl.NumberFormat("en", {
	minimumFractionDigits: 2,
	maximumFractionDigits: 2,
});

/** What stands where there is no value: what did not happen has no number. */
export const NONE = "–";

export function count(value: number): string {
	return whole.format(value);
}

/** Milliseconds as people read them: "0.42 ms", "12.4 ms", "3,200 ms". */
export function milliseconds(value: number | undefined): string {
	return value === undefined ? NONE : `${decimal(value)} ms`;
}

/** A number of milliseconds for a column whose head has the unit. */
export function decimal(value: number | undefined): string {
	if (value === undefined) return NONE;
	if (value < 1) return hundredths.format(value);
	return value < 1000 ? tenths.format(value) : whole.format(value);
}

/** A duration for a sentence: milliseconds below ten seconds, then seconds, minutes, hours. */
export function span(value: number): string {
	if (value < 10_000) return milliseconds(value);
	if (value < 120_000) return `${tenths.format(value / 1000)} s`;
	if (value < 7_200_000) return `${tenths.format(value / 60_000)} min`;
	return `${tenths.format(value / 3_600_000)} h`;
}

/** Only nothing is 0 %, and only all is 100 %. */
export function percent(part: number, all: number): string {
	if (all === 0) return NONE;
	const share = (100 * part) / all;
	if (part > 0 && share < 0.1) return "< 0.1 %";
	if (part < all && share > 99.9) return "> 99.9 %";
	return Number.isInteger(share) ? `${share} %` : `${tenths.format(share)} %`;
}

export function plural(value: number, one: string, many = `${one}s`): string {
	return `${count(value)} ${value === 1 ? one : many}`;
}
