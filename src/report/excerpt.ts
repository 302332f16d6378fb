/** Keeps an even share of what is added: all until it is full, then every second, every fourth and so on. */
export class Decimated<Item> {
	private kept: Item[] = [];
	private stride = 1;
	private added = 0;

	constructor(private readonly capacity: number) {}

	add(item: Item): void {
		const keep = this.added % this.stride === 0;
		this.added += 1;
		if (!keep) return;
		this.kept.push(item);
		if (this.kept.length <= this.capacity) return;
		this.kept = this.kept.filter((_, index) => index % 2 === 0);
		this.stride *= 2;
	}

	get items(): readonly Item[] {
		return this.kept;
	}

	get leftOut(): number {
		return this.added - this.kept.length;
	}
}

/** Keeps the items with the largest values. */
export class Largest<Item> {
	private kept: { readonly item: Item; readonly value: number }[] = [];
	private added = 0;

	/** @param onDisplaced gets what is not among the largest any more. */
	constructor(
		private readonly capacity: number,
		private readonly onDisplaced: (item: Item) => void,
	) {}

	add(item: Item, value: number): void {
		this.added += 1;
		this.kept.push({ item, value });
		if (this.kept.length < 2 * this.capacity) return;
		this.sort();
		for (const { item } of this.kept.splice(this.capacity)) {
			this.onDisplaced(item);
		}
	}

	/** How many were added. */
	get count(): number {
		return this.added;
	}

	/** Those kept, the largest first. */
	descending(): Item[] {
		this.sort();
		return this.kept.map(({ item }) => item);
	}

	private sort(): void {
		this.kept.sort((a, b) => b.value - a.value);
	}
}
