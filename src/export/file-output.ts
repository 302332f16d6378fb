import { say } from "../agent/log";
import type { FinishedSpan } from "../spans/finished-span";
import { clearTimeout, setTimeout } from "../timers";
import { appendWhole } from "./append-whole";
import { EncodedSpans } from "./encoded-spans";
import type { Encoding } from "./encoding";
import { Ledger } from "./ledger";
import { Pace } from "./pace";

/** How long spans wait for others to be written with, in milliseconds, and how many bytes of them. */
const INTERVAL = 1000;
const MAX_BYTES = 256 * 1024;

const LINE_BREAK = Buffer.from("\n");

/**
 * Appends spans to a file as OTLP JSON lines, the format of OpenTelemetry's file exporter. A line is written at once
 * and by the calling thread, so that the end of the process finds whole lines, and none twice.
 */
export class FileOutput {
	readonly ledger = new Ledger();
	private spans = new EncodedSpans();
	private readonly pace = new Pace(INTERVAL);
	private timer: NodeJS.Timeout | undefined;
	/** A line of which only a part was written must not be continued by the next. */
	private torn = false;

	constructor(
		readonly destination: string,
		private readonly encoding: Encoding,
		/** Keeps faults from the program. */
		private readonly guard: (run: () => void) => void,
	) {}

	add(span: FinishedSpan): void {
		this.ledger.written += 1;
		this.spans.add(span, this.encoding.append);
		if (this.spans.end >= MAX_BYTES) this.write();
		else {
			this.timer ??= setTimeout(
				() => this.guard(() => this.write()),
				this.pace.delay,
			).unref();
		}
	}

	async flush(): Promise<void> {
		this.write();
	}

	/** Writes what is left. */
	finish(): void {
		this.write();
	}

	private write(): void {
		clearTimeout(this.timer);
		this.timer = undefined;
		if (this.spans.count === 0) return;
		this.pace.handOver();
		const { spans } = this;
		// Whatever goes wrong, none of them is written twice.
		this.spans = new EncodedSpans();
		const mending = this.torn ? [LINE_BREAK] : [];
		const line = this.encoding.request([spans]);
		const failure = appendWhole(
			this.destination,
			Buffer.concat([...mending, ...line, LINE_BREAK]),
		);
		if (failure) {
			const { code, message } = failure.error;
			const why = `${code ?? message} (CONNTRACE_FILE must name a file that can be written)`;
			this.torn ||= failure.torn;
			this.ledger.lose(spans.count, why);
			say(`cannot write now: ${why}`, "info");
		} else {
			this.torn = false;
			this.ledger.delivered += spans.count;
		}
		this.spans = new EncodedSpans(spans.clear());
	}
}
