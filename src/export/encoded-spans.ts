import { Bytes } from "./bytes";

/** Spans in one encoding. */
export class EncodedSpans extends Bytes {
	/** Where each of them ends. */
	private ends: number[] = [];

	get count(): number {
		return this.ends.length;
	}

	/** Nothing of a span stays that cannot be written down. */
	add<Span>(span: Span, encode: (span: Span, to: Bytes) => void): void {
		const { end } = this;
		try {
			encode(span, this);
		} catch (error) {
			this.end = end;
			throw error;
		}
		this.ends.push(this.end);
	}

	append(other: EncodedSpans): void {
		const begin = this.end;
		this.put(other.contents());
		for (const end of other.ends) this.ends.push(begin + end);
	}

	/** Keeps the first spans, so many of them. @returns the others */
	split(count: number): EncodedSpans {
		const others = new EncodedSpans();
		const begin = this.ends[count - 1] ?? 0;
		others.put(this.contents().subarray(begin));
		others.ends = this.ends.splice(count).map((end) => end - begin);
		this.end = begin;
		return others;
	}

	override clear(): Buffer {
		this.ends = [];
		return super.clear();
	}
}
