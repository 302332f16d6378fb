import { isMainThread } from "node:worker_threads";
import type { Faults } from "../agent/faults";
import { say } from "../agent/log";
import { now } from "../clocks";
import { runOutside } from "../outside";
import { random } from "../random";
import type { FinishedSpan } from "../spans/finished-span";
import { clearTimeout, setImmediate, setTimeout } from "../timers";
import { type CollectorSettings, shownUrl } from "./collector-settings";
import type { Encoding } from "./encoding";
import { Ledger } from "./ledger";
import { OtlpTransport } from "./otlp-transport";
import type { Outcome } from "./outcome";
import { WORKER_INTERVAL } from "./pace";
import { canPostAndWait, postAndWait } from "./post-and-wait";
import { queueBytes } from "./queue-bytes";
import { type Batch, SpanQueue } from "./span-queue";

/** Requests that are under way at the same time, as long as they succeed. */
const CONCURRENCY = 4;

/** Well below what collectors take at once. */
const BATCH_BYTES = 1024 * 1024;

/** Waits between attempts after failures, in milliseconds; they grow from the first to the last. */
const FIRST_BACKOFF = 1000;
const MAX_BACKOFF = 30_000;
const GROWTH = 1.5;

export interface CollectorOutputOptions {
	readonly settings: CollectorSettings;
	readonly encoding: Encoding;
	/** Runs something of the agent's own that neither it nor the program's telemetry should see. */
	readonly unseen: <T>(run: () => T) => T;
	/** Whether connects under way are all that keeps the process alive. */
	readonly nothingElseRuns: () => boolean;
	readonly faults: Pick<Faults, "guard" | "take">;
}

/**
 * Sends spans to an OTLP collector in batches. What it does not take now is kept within limits and sent again.
 */
export class CollectorOutput {
	readonly ledger = new Ledger();
	readonly destination: string;
	private readonly options: CollectorOutputOptions;
	private readonly queue: SpanQueue<FinishedSpan>;
	private readonly transport: OtlpTransport;
	private readonly scheduleDelay: number;
	private timer: NodeJS.Timeout | undefined;
	private underWay = 0;
	/** Failed attempts in a row. */
	private failures = 0;
	private whyFailed = "the time was up";
	/** No attempt is made before this moment: there was one just now, or the collector has asked for it. */
	private notBefore = 0;
	private readonly waiting: (() => void)[] = [];

	constructor(options: CollectorOutputOptions) {
		this.options = options;
		const { settings, encoding, unseen, nothingElseRuns, faults } = options;
		const { batchSize, maxSpans, scheduleDelay } = settings;
		this.transport = new OtlpTransport(settings, encoding, {
			unseen,
			guard: faults.guard,
			nothingElseRuns,
		});
		// Later than a worker thread that is done ends: what is under way at its end is sent again. Where nothing can be
		// sent at the end, little may be left by then.
		this.scheduleDelay =
			isMainThread && canPostAndWait()
				? scheduleDelay
				: Math.min(scheduleDelay, WORKER_INTERVAL);
		this.destination = shownUrl(settings);
		this.queue = new SpanQueue(
			{
				batchSize,
				batchBytes: BATCH_BYTES,
				spans: maxSpans,
				bytes: queueBytes(),
			},
			encoding.append,
			(count) => this.ledger.lose(count, `no room: ${this.whyFailed}`),
		);
	}

	add(span: FinishedSpan, plain: boolean): void {
		this.ledger.written += 1;
		const full = this.queue.add(span, plain);
		if (full && this.failures === 0) this.sendSoon();
		else this.wakeLater();
	}

	/** Delivers what has been added so far, or gives up at a failure or after the time, in milliseconds. */
	async flush(timeout: number): Promise<void> {
		this.queue.close();
		this.sendNext();
		if (this.settled) return;
		let timer: NodeJS.Timeout | undefined;
		await Promise.race([
			new Promise<void>((resolve) => this.waiting.push(resolve)),
			new Promise<void>((resolve) => {
				timer = setTimeout(resolve, timeout);
			}),
		]);
		clearTimeout(timer);
	}

	/** Delivers what is left without the event loop, or gives up after the time. */
	finish(timeout: number): void {
		const batches = this.queue.takeAll();
		if (batches.length > 0 && timeout > 0 && this.worthTrying) {
			this.postAll(batches, timeout);
		}
		this.ledger.lose(this.ledger.pending, this.whyFailed);
	}

	/** Posts one after the other, up to the first failure. */
	private postAll(batches: Batch[], timeout: number): void {
		if (!canPostAndWait()) {
			this.whyFailed =
				"the permission model allows no worker thread, which sends the last spans: --allow-worker";
			return;
		}
		const { settings, encoding } = this.options;
		const post = postAndWait(settings, encoding, timeout);
		for (let batch = batches.shift(); batch; batch = batches.shift()) {
			const outcome = post(Buffer.concat(this.partsOf(batch)));
			if (outcome.kind === "failed") {
				this.whyFailed = outcome.why;
				return;
			}
			if (outcome.kind === "too large" && batch.count > 1) {
				const half = batch.halve();
				batches.unshift(batch, half);
			} else {
				this.account(batch.count, outcome);
			}
		}
	}

	/** Whether anything is under way or can be sent now. */
	private get settled(): boolean {
		return this.underWay === 0 && (this.queue.empty || !this.mayTry);
	}

	private get mayTry(): boolean {
		return this.failures === 0 && this.worthTrying;
	}

	private get worthTrying(): boolean {
		return now() >= this.notBefore;
	}

	private sendSoon(): void {
		const { guard } = this.options.faults;
		setImmediate(() => guard(() => this.sendNext())).unref();
	}

	private wakeLater(): void {
		const { guard } = this.options.faults;
		this.timer ??= setTimeout(
			() => guard(() => this.wake()),
			this.delay,
		).unref();
	}

	private wake(): void {
		this.timer = undefined;
		this.queue.close();
		this.sendNext();
	}

	private get delay(): number {
		if (this.failures === 0) return this.scheduleDelay;
		const backoff = Math.min(
			FIRST_BACKOFF * GROWTH ** (this.failures - 1),
			MAX_BACKOFF,
		);
		return Math.max(backoff * (0.8 + 0.4 * random()), this.notBefore - now());
	}

	/**
	 * Sends as many closed batches as may be under way; after a failure one, to see whether it was the last. One in a turn
	 * of the event loop: to hand over a large one can take milliseconds on a busy machine.
	 */
	private sendNext(): void {
		if (!this.worthTrying) {
			this.wakeLater();
			return;
		}
		if (this.underWay >= (this.failures === 0 ? CONCURRENCY : 1)) return;
		const batch = this.queue.take();
		if (!batch) return;
		this.underWay += 1;
		void runOutside(() => this.deliver(batch));
		this.sendSoon();
	}

	/** Never rejects. */
	private deliver(batch: Batch): Promise<void> {
		const { faults } = this.options;
		return this.send(batch)
			.catch((error): Outcome => {
				faults.take(error);
				return { kind: "failed", why: "a fault of the agent" };
			})
			.then((outcome) => faults.guard(() => this.settle(batch, outcome)));
	}

	private async send(batch: Batch): Promise<Outcome> {
		return this.transport.send(this.partsOf(batch));
	}

	private settle(batch: Batch, outcome: Outcome): void {
		this.underWay -= 1;
		if (outcome.kind === "failed") {
			this.failures += 1;
			this.whyFailed = outcome.why;
			this.notBefore = now() + (outcome.retryAfter ?? FIRST_BACKOFF);
			this.queue.giveBack(batch);
			say(`cannot deliver spans now: ${outcome.why}`, "info");
			this.wakeLater();
		} else {
			this.failures = 0;
			const { count } = batch;
			if (outcome.kind === "too large" && this.queue.divide(batch)) {
				say(
					`sends smaller batches than ${count} spans: ${outcome.why}`,
					"info",
				);
			} else if (this.queue.done(batch)) {
				// Else taken over at the end of the process: counted there.
				this.account(count, outcome);
			}
			this.sendNext();
		}
		if (this.settled) for (const resolve of this.waiting.splice(0)) resolve();
	}

	private account(
		count: number,
		outcome: Exclude<Outcome, { kind: "failed" }>,
	): void {
		if (outcome.kind !== "delivered") {
			this.ledger.lose(count, outcome.why);
			return;
		}
		const rejected = Math.min(outcome.rejected, count);
		this.ledger.delivered += count - rejected;
		this.ledger.lose(rejected, `rejected: ${outcome.message}`);
	}

	/** The request for a batch. */
	private partsOf({ telling, plain }: Batch): Buffer[] {
		return this.options.encoding.request([telling, plain]);
	}
}
