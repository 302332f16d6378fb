const COMMA = ",";
/** No character of UTF-16 takes more bytes in UTF-8. */
const MAX_BYTES_PER_CHARACTER = 3;
const FIRST_CAPACITY = 4096;

/** Spans as OTLP JSON text, each led by a comma, outside the heap of the program. */
export class EncodedSpans {
	count = 0;
	private buffer: Buffer | undefined;
	private end = 0;

	get bytes(): number {
		return this.end;
	}

	add(text: string): void {
		const room = this.room(1 + text.length * MAX_BYTES_PER_CHARACTER);
		this.end += room.write(COMMA, this.end);
		this.end += room.write(text, this.end);
		this.count += 1;
	}

	append(other: EncodedSpans): void {
		if (other.count === 0) return;
		other.contents().copy(this.room(other.end), this.end);
		this.end += other.end;
		this.count += other.count;
	}

	/** All of them, with the comma in front. */
	contents(): Buffer {
		return this.buffer?.subarray(0, this.end) ?? Buffer.alloc(0);
	}

	/** Gives back the room that nothing was written to. */
	trim(): void {
		if (this.buffer) this.buffer = this.resized(this.end);
	}

	/** Forgets all of them. @returns how many there were */
	clear(): number {
		const { count } = this;
		this.count = 0;
		this.end = 0;
		this.buffer = undefined;
		return count;
	}

	private room(bytes: number): Buffer {
		const needed = this.end + bytes;
		if (this.buffer && this.buffer.length >= needed) return this.buffer;
		const doubled = 2 * (this.buffer?.length ?? FIRST_CAPACITY / 2);
		this.buffer = this.resized(Math.max(needed, doubled));
		return this.buffer;
	}

	private resized(capacity: number): Buffer {
		const resized = Buffer.allocUnsafeSlow(capacity);
		this.buffer?.copy(resized, 0, 0, this.end);
		return resized;
	}
}
