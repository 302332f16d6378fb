const FIRST_CAPACITY = 4096;
const NOTHING = Buffer.alloc(0);

/** Bytes that are appended to, outside the heap of the program. */
export class Bytes {
	/** What they are kept in. Replaced when it is too small. */
	buffer: Buffer;
	/** The same, for numbers. */
	view: DataView;
	/** How many there are. */
	end = 0;

	/** @param buffer one that is not needed any more, for the first of them */
	constructor(buffer: Buffer = NOTHING) {
		this.buffer = buffer;
		this.view = viewOf(buffer);
	}

	contents(): Buffer {
		return this.buffer.subarray(0, this.end);
	}

	/** Makes sure that there is room for so many more. */
	reserve(bytes: number): void {
		const needed = this.end + bytes;
		if (needed <= this.buffer.length) return;
		this.resize(Math.max(needed, 2 * this.buffer.length, FIRST_CAPACITY));
	}

	put(part: Uint8Array): void {
		this.reserve(part.length);
		this.buffer.set(part, this.end);
		this.end += part.length;
	}

	/** Gives back most of the room that nothing was written to. */
	trim(): void {
		if (this.end < this.buffer.length / 2) this.resize(this.end);
	}

	/** Forgets all of them. @returns what they were kept in */
	clear(): Buffer {
		const { buffer } = this;
		this.use(NOTHING);
		this.end = 0;
		return buffer;
	}

	private resize(capacity: number): void {
		const resized = Buffer.allocUnsafeSlow(capacity);
		this.buffer.copy(resized, 0, 0, this.end);
		this.use(resized);
	}

	private use(buffer: Buffer): void {
		this.buffer = buffer;
		this.view = viewOf(buffer);
	}
}

function viewOf({ buffer, byteOffset, length }: Buffer): DataView {
	return new DataView(buffer, byteOffset, length);
}
