import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { type ExportResult, ExportResultCode } from "@opentelemetry/core";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { JsonTraceSerializer } from "@opentelemetry/otlp-transformer";
import {
	BatchSpanProcessor,
	type ReadableSpan,
	type Span,
	type SpanExporter,
} from "@opentelemetry/sdk-trace-node";
import { say } from "../agent/log";
import { endpointFrom, headersFrom } from "./endpoint";
import { postAndWait } from "./post-and-wait";

/** Sends spans to an OTLP collector in batches, by the standard processor and exporter, and counts what becomes of them. */
export class CollectorOutput {
	private readonly exporter: CountingExporter;
	private readonly processor: BatchSpanProcessor;
	private written = 0;

	constructor(leaveUntraced: (agent: HttpAgent) => void) {
		this.exporter = new CountingExporter(leaveUntraced);
		this.processor = new BatchSpanProcessor(this.exporter);
	}

	write(span: ReadableSpan): void {
		this.written += 1;
		// The processor reads finished spans alone; its type asks for one that could still be written.
		this.processor.onEnd(span as Span);
	}

	get pending(): boolean {
		const { delivered, failed } = this.exporter;
		return this.written > delivered + failed;
	}

	async flush(timeout: number): Promise<void> {
		const delivery = this.processor
			.forceFlush()
			.then(() => this.exporter.settled())
			.catch((error: unknown) => this.exporter.fail(0, error));
		let timer: NodeJS.Timeout | undefined;
		const limit = new Promise<void>((resolve) => {
			timer = setTimeout(resolve, timeout);
		});
		await Promise.race([delivery, limit]);
		clearTimeout(timer);
	}

	finish(timeout: number): void {
		const left = this.exporter.takeOver(() => {
			this.processor
				.forceFlush()
				.catch((error) => this.exporter.fail(0, error));
		});
		if (left.length > 0 && !this.exporter.unreachable) {
			const body = JsonTraceSerializer.serializeRequest(left);
			const error =
				body &&
				postAndWait(
					endpointFrom(process.env),
					headersFrom(process.env),
					body,
					timeout,
				);
			if (error === undefined) this.exporter.delivered += left.length;
			else this.exporter.lastError = error;
		}
		const lost = this.written - this.exporter.delivered;
		if (lost <= 0) return;
		const why = this.exporter.lastError ?? "the time was up";
		say(
			`${lost} of ${this.written} spans were not delivered to ${endpointFrom(process.env)}: ${why}`,
		);
	}
}

class CountingExporter implements SpanExporter {
	delivered = 0;
	failed = 0;
	lastError: string | undefined;
	/** The last export found no collector, so that a further attempt is not worth waiting for. */
	unreachable = false;
	private readonly inFlight = new Set<ReadableSpan[]>();
	private readonly waiting: (() => void)[] = [];
	private taken: ReadableSpan[] | undefined;
	private readonly exporter: OTLPTraceExporter;

	constructor(leaveUntraced: (agent: HttpAgent) => void) {
		this.exporter = new OTLPTraceExporter({
			httpAgentOptions: (protocol: string) => {
				const AgentOf = protocol === "https:" ? HttpsAgent : HttpAgent;
				const agent = new AgentOf({ keepAlive: true });
				leaveUntraced(agent);
				return agent;
			},
		});
	}

	export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
		if (this.taken) {
			this.taken.push(...spans);
			done({ code: ExportResultCode.SUCCESS });
			return;
		}
		this.inFlight.add(spans);
		this.exporter.export(spans, (result) => {
			// Taken over at the end of the process: sent again, and counted there.
			if (!this.inFlight.delete(spans)) return;
			if (result.code === ExportResultCode.SUCCESS) {
				this.delivered += spans.length;
				this.unreachable = false;
			} else {
				this.fail(spans.length, result.error);
			}
			done(result);
			if (this.inFlight.size === 0) {
				for (const resolve of this.waiting.splice(0)) resolve();
			}
		});
	}

	fail(spans: number, error: unknown): void {
		this.failed += spans;
		this.unreachable = true;
		this.lastError = error instanceof Error ? error.message : String(error);
	}

	/** When no export is under way any more. */
	settled(): Promise<void> {
		return this.inFlight.size === 0
			? Promise.resolve()
			: new Promise((resolve) => this.waiting.push(resolve));
	}

	/** Gets the spans that are queued or under way; those under way may arrive twice, which is better than not at all. */
	takeOver(drain: () => void): ReadableSpan[] {
		this.taken = [...this.inFlight].flat();
		this.inFlight.clear();
		drain();
		return this.taken;
	}

	shutdown(): Promise<void> {
		return this.exporter.shutdown();
	}
}
