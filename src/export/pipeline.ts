import type { Agent } from "node:http";
import type { ReadableSpan } from "@opentelemetry/sdk-trace-node";
import type { Configuration } from "../agent/config";
import { say } from "../agent/log";
import { CollectorOutput } from "./collector-output";
import { appendSpans } from "./file-output";

/** Takes finished spans and gets them to the collector, the file, or both. */
export class ExportPipeline {
	private readonly collector: CollectorOutput | undefined;
	private readonly file: string | undefined;
	private forFile: ReadableSpan[] = [];
	private fileTimer: NodeJS.Timeout | undefined;
	private notInFile = 0;

	constructor(
		configuration: Configuration,
		leaveUntraced: (agent: Agent) => void,
	) {
		this.file = configuration.file;
		if (configuration.exportsToCollector) {
			this.collector = new CollectorOutput(leaveUntraced);
		}
	}

	write(span: ReadableSpan): void {
		this.collector?.write(span);
		if (this.file === undefined) return;
		this.forFile.push(span);
		this.fileTimer ??= setTimeout(
			() => this.writeFile(),
			FILE_INTERVAL,
		).unref();
	}

	/** Whether anything written has not arrived yet. */
	get pending(): boolean {
		return this.forFile.length > 0 || this.collector?.pending === true;
	}

	/** Delivers what has been written so far, or gives up after the time, in milliseconds. */
	async flush(timeout: number): Promise<void> {
		this.writeFile();
		await this.collector?.flush(timeout);
	}

	/** Delivers what is left without the event loop, or gives up after the time. Says what was lost. */
	finish(timeout: number): void {
		this.writeFile();
		this.collector?.finish(timeout);
		if (this.notInFile > 0) {
			say(`${this.notInFile} spans were not written to ${this.file}`);
		}
	}

	private writeFile(): void {
		clearTimeout(this.fileTimer);
		this.fileTimer = undefined;
		const spans = this.forFile;
		if (this.file === undefined || spans.length === 0) return;
		this.forFile = [];
		try {
			appendSpans(this.file, spans);
		} catch (error) {
			if (this.notInFile === 0) {
				say(`cannot write CONNTRACE_FILE: ${(error as Error).message}`);
			}
			this.notInFile += spans.length;
		}
	}
}

/** How long spans wait for others to be written to the file with, in milliseconds. */
const FILE_INTERVAL = 1000;
