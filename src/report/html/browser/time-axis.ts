/** A unit in which a whole run has readable numbers. */
export interface TimeUnit {
	readonly name: string;
	readonly milliseconds: number;
}

const UNITS: readonly TimeUnit[] = [
	{ name: "h", milliseconds: 3_600_000 },
	{ name: "min", milliseconds: 60_000 },
	{ name: "s", milliseconds: 1000 },
];

export function unitFor(duration: number): TimeUnit {
	return (
		UNITS.find(({ milliseconds }) => duration >= 3 * milliseconds) ?? {
			name: "ms",
			milliseconds: 1,
		}
	);
}
