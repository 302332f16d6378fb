import type { Resource } from "@opentelemetry/resources";
import type { Configuration } from "../agent/config";
import type { Faults } from "../agent/faults";
import { say } from "../agent/log";
import type { FinishedSpan } from "../spans/finished-span";
import { CollectorOutput } from "./collector-output";
import { encodingOf } from "./encodings";
import { FileOutput } from "./file-output";
import type { Ledger } from "./ledger";
import { otlpJson } from "./otlp-json";

/** A place where spans go. */
interface Output {
	readonly ledger: Ledger;
	readonly destination: string;
	/** @param plain a request on a reused connection like any other: the first to go when there is no room */
	add(span: FinishedSpan, plain: boolean): void;
	flush(timeout: number): Promise<void>;
	finish(timeout: number): void;
}

export interface PipelineOptions {
	readonly configuration: Pick<Configuration, "collector" | "file">;
	readonly resource: Resource;
	readonly unseen: <T>(run: () => T) => T;
	readonly nothingElseRuns: () => boolean;
	readonly faults: Pick<Faults, "guard" | "take">;
}

/** Takes finished spans and gets them to the collector, the file, or both. */
export class ExportPipeline {
	private readonly outputs: readonly Output[];
	private readonly faults: PipelineOptions["faults"];

	constructor({ configuration, ...rest }: PipelineOptions) {
		const { collector: settings, file } = configuration;
		const { resource, faults } = rest;
		this.faults = faults;
		this.outputs = [
			...(file === undefined
				? []
				: [new FileOutput(file, otlpJson(resource), faults.guard)]),
			...(settings
				? [
						new CollectorOutput({
							settings,
							encoding: encodingOf(settings.protocol, resource),
							...rest,
						}),
					]
				: []),
		];
	}

	/** Whether spans go anywhere. */
	get hasOutputs(): boolean {
		return this.outputs.length > 0;
	}

	/** Does not throw: what one output cannot take is there for the others. */
	write(span: FinishedSpan): void {
		const { plain = false } = span.content;
		for (const output of this.outputs) {
			try {
				output.add(span, plain);
			} catch (error) {
				this.faults.take(error);
			}
		}
	}

	/** Delivers what has been written so far, or gives up after the time, in milliseconds. */
	async flush(timeout: number): Promise<void> {
		await Promise.all(this.outputs.map((output) => output.flush(timeout)));
	}

	/**
	 * Delivers what is left without the event loop, or gives up after the time. Says what was lost.
	 * @param leftOut spans that were never written, by choice
	 */
	finish(timeout: number, leftOut: number): void {
		for (const output of this.outputs) {
			this.faults.guard(() => output.finish(timeout));
			const { ledger, destination } = output;
			ledger.lose(ledger.pending, "a fault of the agent");
			const { lost, written, why } = ledger;
			say(ledger.sum(destination, leftOut), "info");
			if (lost === 0) continue;
			say(
				`${lost} of ${written} spans were not delivered to ${destination}: ${why}`,
			);
		}
	}
}
