/** A map that forgets its oldest entries, so that it never holds more than its capacity. */
export class Recent<Key, Value> {
	private readonly entries = new Map<Key, Value>();

	constructor(private readonly capacity: number) {}

	get(key: Key): Value | undefined {
		return this.entries.get(key);
	}

	has(key: Key): boolean {
		return this.entries.has(key);
	}

	set(key: Key, value: Value): void {
		this.entries.set(key, value);
		if (this.entries.size <= this.capacity) return;
		for (const oldest of this.entries.keys()) {
			this.entries.delete(oldest);
			return;
		}
	}

	/** Removes an entry and returns its value. */
	take(key: Key): Value | undefined {
		const value = this.entries.get(key);
		this.entries.delete(key);
		return value;
	}
}
