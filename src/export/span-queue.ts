import type { Bytes } from "./bytes";
import { EncodedSpans } from "./encoded-spans";

/** Spans that are sent together. */
export class Batch {
	constructor(
		/** Requests on reused connections like any other. */
		readonly plain = new EncodedSpans(),
		/** All other spans. */
		readonly telling = new EncodedSpans(),
	) {}

	get count(): number {
		return this.plain.count + this.telling.count;
	}

	get bytes(): number {
		return this.plain.end + this.telling.end;
	}

	/** Keeps the first half. @returns the other */
	halve(): Batch {
		const kept = this.count >> 1;
		const telling = Math.min(kept, this.telling.count);
		const half = new Batch(
			this.plain.split(kept - telling),
			this.telling.split(telling),
		);
		this.trim();
		return half;
	}

	trim(): void {
		this.plain.trim();
		this.telling.trim();
	}

	append(other: Batch): void {
		this.plain.append(other.plain);
		this.telling.append(other.telling);
	}
}

export interface QueueLimits {
	/** Spans in one batch. */
	readonly batchSize: number;
	/** Bytes in one batch, but for the last span of it. */
	readonly batchBytes: number;
	/** Spans in the queue and under way. */
	readonly spans: number;
	/** Bytes in the queue and under way. */
	readonly bytes: number;
}

/** Smaller batches are not made because one of them was too large: it may have been one span of it. */
const LEAST_BATCH_BYTES = 64 * 1024;

/**
 * Spans that wait for their delivery, in batches, within limits. When there is no room any more, plain spans go first,
 * the oldest before the newer ones.
 */
export class SpanQueue<Span> {
	private open = new Batch();
	private readonly closed: Batch[] = [];
	private readonly underWay = new Set<Batch>();
	private count = 0;
	private bytes = 0;
	/** The room of a delivered batch, for the next: most of what is needed is needed again at once. */
	private spare: Buffer | undefined;
	private batchBytes: number;

	constructor(
		private readonly limits: QueueLimits,
		private readonly encode: (span: Span, to: Bytes) => void,
		/** Told how many spans had to make room for others. */
		private readonly onDropped: (count: number) => void,
	) {
		this.batchBytes = limits.batchBytes;
	}

	/** @returns whether a batch has become full by it */
	add(span: Span, plain: boolean): boolean {
		const { open, limits } = this;
		const before = open.bytes;
		const spans = plain ? open.plain : open.telling;
		spans.add(span, this.encode);
		this.count += 1;
		this.bytes += open.bytes - before;
		const full =
			open.count >= limits.batchSize || open.bytes >= this.batchBytes;
		if (full) this.close();
		while (this.count > limits.spans || this.bytes > limits.bytes) {
			if (!this.makeRoom()) break;
		}
		return full;
	}

	get empty(): boolean {
		return this.open.count === 0 && this.closed.length === 0;
	}

	/** Closes the open batch, so that it can be taken. */
	close(): void {
		const { open, limits } = this;
		if (open.count === 0) return;
		this.open = new Batch(new EncodedSpans(this.spare));
		this.spare = undefined;
		const last = this.closed.at(-1);
		if (
			last &&
			last.count + open.count <= limits.batchSize &&
			last.bytes + open.bytes <= this.batchBytes
		) {
			last.append(open);
			last.trim();
		} else {
			open.trim();
			this.closed.push(open);
		}
	}

	/** Takes the oldest closed batch. It counts as under way until it is given back or done with. */
	take(): Batch | undefined {
		const batch = this.closed.shift();
		if (batch) this.underWay.add(batch);
		return batch;
	}

	giveBack(batch: Batch): void {
		if (this.underWay.delete(batch)) this.closed.unshift(batch);
	}

	/**
	 * A batch is too large to be taken: its halves are to be sent instead, and no more as large as it are made.
	 * @returns false if it cannot be divided, or is not under way any more
	 */
	divide(batch: Batch): boolean {
		if (batch.count < 2 || !this.underWay.delete(batch)) return false;
		this.batchBytes = Math.max(
			Math.min(this.batchBytes, batch.bytes / 2),
			LEAST_BATCH_BYTES,
		);
		const half = batch.halve();
		this.closed.unshift(batch, half);
		return true;
	}

	/** @returns false if the batch is not under way any more */
	done(batch: Batch): boolean {
		if (!this.underWay.delete(batch)) return false;
		this.count -= batch.count;
		this.bytes -= batch.bytes;
		this.spare ??= batch.plain.clear();
		return true;
	}

	/** Takes everything, also what is under way, as nothing can be heard of that any more. */
	takeAll(): Batch[] {
		this.close();
		const all = [...this.underWay, ...this.closed.splice(0)];
		this.underWay.clear();
		this.count = 0;
		this.bytes = 0;
		return all;
	}

	/** @returns false if there is nothing that could be dropped */
	private makeRoom(): boolean {
		const waiting = [...this.closed, this.open];
		const spans =
			waiting.find(({ plain }) => plain.count > 0)?.plain ??
			waiting.find(({ telling }) => telling.count > 0)?.telling;
		if (!spans) return false;
		this.bytes -= spans.end;
		this.count -= spans.count;
		this.onDropped(spans.count);
		spans.clear();
		const empty = this.closed.findIndex(({ count }) => count === 0);
		if (empty >= 0) this.closed.splice(empty, 1);
		return true;
	}
}
