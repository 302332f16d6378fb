/** No character of UTF-16 takes more bytes in UTF-8. */
const MAX_BYTES_PER_CHARACTER = 3;
const FIRST_CAPACITY = 4096;

const COMMA = 0x2c;
const END = Buffer.from("]}");

/** A span as OTLP JSON, up to the end of its attributes. */
export interface EncodedSpan {
	readonly text: string;
	/** The rest of its attributes, which other spans have as well; each led by a comma. */
	readonly shared: readonly Buffer[];
}

/** Spans as OTLP JSON, each led by a comma, outside the heap of the program. */
export class EncodedSpans {
	count = 0;
	private end = 0;
	private buffer: Buffer;

	/** @param buffer one that is not needed any more, for the first of them */
	constructor(buffer?: Buffer) {
		this.buffer = buffer ?? NOTHING;
	}

	get bytes(): number {
		return this.end;
	}

	add({ text, shared }: EncodedSpan): void {
		let bytes = 1 + text.length * MAX_BYTES_PER_CHARACTER + END.length;
		for (const part of shared) bytes += part.length;
		const room = this.room(bytes);
		room[this.end] = COMMA;
		this.end += 1;
		this.end += room.write(text, this.end);
		for (const part of shared) this.put(part);
		this.put(END);
		this.count += 1;
	}

	append(other: EncodedSpans): void {
		this.room(other.end);
		this.put(other.contents());
		this.count += other.count;
	}

	/** All of them, with the comma in front. */
	contents(): Buffer {
		return this.buffer.subarray(0, this.end);
	}

	/** Gives back most of the room that nothing was written to. */
	trim(): void {
		if (this.end < this.buffer.length / 2) this.resize(this.end);
	}

	/** Forgets all of them. @returns what they were kept in */
	clear(): Buffer {
		const { buffer } = this;
		this.count = 0;
		this.end = 0;
		this.buffer = NOTHING;
		return buffer;
	}

	private put(part: Buffer): void {
		part.copy(this.buffer, this.end);
		this.end += part.length;
	}

	private room(bytes: number): Buffer {
		const needed = this.end + bytes;
		if (this.buffer.length < needed) {
			this.resize(Math.max(needed, 2 * this.buffer.length, FIRST_CAPACITY));
		}
		return this.buffer;
	}

	private resize(capacity: number): void {
		const resized = Buffer.allocUnsafeSlow(capacity);
		this.buffer.copy(resized, 0, 0, this.end);
		this.buffer = resized;
	}
}

const NOTHING = Buffer.alloc(0);
