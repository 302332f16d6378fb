/** A line, or what there is of it when it is longer than can be held. */
export interface Line {
	/** From 1. */
	readonly number: number;
	readonly text: string;
	readonly tooLong: boolean;
}

const NEWLINE = 0x0a;

/**
 * Splits bytes into lines without holding more than one.
 * @param maxBytes a longer line is given as too long, without its text
 */
export async function* linesOf(
	chunks: AsyncIterable<Buffer>,
	maxBytes: number,
): AsyncGenerator<Line> {
	let parts: Buffer[] = [];
	let size = 0;
	let number = 1;
	const take = (): Line => {
		const tooLong = size > maxBytes;
		const text = tooLong ? "" : Buffer.concat(parts, size).toString("utf8");
		parts = [];
		size = 0;
		return { number: number++, text, tooLong };
	};
	const add = (part: Buffer): void => {
		size += part.length;
		if (size <= maxBytes) parts.push(part);
		else parts = [];
	};
	for await (const chunk of chunks) {
		let begin = 0;
		for (
			let end = chunk.indexOf(NEWLINE);
			end >= 0;
			end = chunk.indexOf(NEWLINE, begin)
		) {
			add(chunk.subarray(begin, end));
			begin = end + 1;
			yield take();
		}
		if (begin < chunk.length) add(chunk.subarray(begin));
	}
	if (size > 0) yield take();
}
