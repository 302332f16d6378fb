/** What can stand in a roster: in one at a time. */
export interface Listed {
	/** Where it stands in its roster; negative outside of one. */
	place: number;
}

/**
 * A set for what comes and goes with every request. A `Set` that is added to and deleted from gets a new table again and
 * again, and a discarded table refers to the next one: as soon as one of them has grown old, all that ever stood in the
 * later ones outlives the young generation, and every request with it (2 KB and 10 µs each, seen on Node 20).
 */
export class Roster<T extends Listed> implements Iterable<T> {
	private readonly items: T[] = [];

	get size(): number {
		return this.items.length;
	}

	add(item: T): void {
		if (item.place >= 0) return;
		item.place = this.items.length;
		this.items.push(item);
	}

	delete(item: T): void {
		const { place } = item;
		if (place < 0) return;
		const last = this.items.pop() as T;
		if (last !== item) {
			this.items[place] = last;
			last.place = place;
		}
		item.place = -1;
	}

	[Symbol.iterator](): Iterator<T> {
		return this.items.values();
	}
}
