/** What became of the spans that an output was given. When nothing is pending, written = delivered + lost. */
export class Ledger {
	written = 0;
	delivered = 0;
	lost = 0;
	/** Why the last ones were lost. */
	why: string | undefined;

	get pending(): number {
		return this.written - this.delivered - this.lost;
	}

	/**
	 * What became of all spans, as a line.
	 * @param leftOut spans that were never written, by choice
	 */
	sum(destination: string, leftOut: number): string {
		return `${this.written + leftOut} spans: ${this.delivered} delivered to ${destination}, ${leftOut} left out by choice, ${this.lost} lost`;
	}

	lose(count: number, why: string): void {
		if (count === 0) return;
		this.lost += count;
		this.why = why;
	}
}
