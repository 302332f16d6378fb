/** Whole milliseconds, as people read them. */
export function ms(duration: number): string {
	return `${Math.round(duration)} ms`;
}

export function count(n: number, noun: string): string {
	return `${n} ${noun}${n === 1 ? "" : "s"}`;
}
