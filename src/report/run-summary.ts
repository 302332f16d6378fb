import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";
import { RunStatistics } from "./run-statistics";
import { renderStatistics } from "./terminal";

/** What a process's connections did, for the people who run it: hosts, reasons, findings and advice. */
export class RunSummary {
	private readonly statistics = new RunStatistics();

	add(span: ReadableSpan): void {
		const [seconds, nanoseconds] = span.duration;
		this.statistics.add(
			{
				name: span.name,
				spanId: span.spanContext().spanId,
				parentSpanId: span.parentSpanContext?.spanId,
				attributes: span.attributes,
			},
			seconds * 1e3 + nanoseconds / 1e6,
		);
	}

	/** The whole summary as text that ends with a line break. */
	render(): string {
		return renderStatistics(
			"the connections of this process",
			this.statistics.build(),
		);
	}
}
