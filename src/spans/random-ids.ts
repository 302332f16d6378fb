import { randomBytes } from "node:crypto";

const TRACE_ID_LENGTH = 32;
const SPAN_ID_LENGTH = 16;
const POOL_BYTES = 2048;

/** Makes ids from random bytes that are got and written out many at a time. */
export class RandomIds {
	private pool = "";
	private used = 0;

	readonly traceId = (): string => this.next(TRACE_ID_LENGTH);
	readonly spanId = (): string => this.next(SPAN_ID_LENGTH);

	private next(length: number): string {
		if (this.used + length > this.pool.length) {
			this.pool = randomBytes(POOL_BYTES).toString("hex");
			this.used = 0;
		}
		this.used += length;
		return this.pool.slice(this.used - length, this.used);
	}
}
