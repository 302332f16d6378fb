/** Random numbers that are the same for the same seed (mulberry32). */
export class Random {
	private state: number;

	constructor(seed: number) {
		this.state = seed >>> 0;
	}

	/** From 0, below 1. */
	next(): number {
		this.state = (this.state + 0x6d2b79f5) >>> 0;
		let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
	}

	/** A whole number from 1 to most. */
	upTo(most: number): number {
		return 1 + Math.floor(this.next() * most);
	}

	chance(probability: number): boolean {
		return this.next() < probability;
	}

	/** One of these; the further to the front, the likelier. */
	pick<T>(items: readonly T[]): T {
		const item = items[Math.floor(this.next() ** 2 * items.length)];
		if (item === undefined) throw new Error("nothing to pick from");
		return item;
	}
}
