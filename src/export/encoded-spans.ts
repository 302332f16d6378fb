import { Bytes } from "./bytes";

/** Spans in one encoding. */
export class EncodedSpans extends Bytes {
	count = 0;

	append(other: EncodedSpans): void {
		this.put(other.contents());
		this.count += other.count;
	}

	override clear(): Buffer {
		this.count = 0;
		return super.clear();
	}
}
