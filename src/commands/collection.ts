import { once } from "node:events";
import { createWriteStream, type WriteStream } from "node:fs";
import { attempt } from "../failure";
import type { Run, Summary } from "../report/model";
import { startReceiver } from "../report/receiver";
import { RunAnalysis } from "../report/run-analysis";
import { type Destination, Forwarder } from "./forwarding";

/** How long processes that outlive the command may take to deliver what they have, in milliseconds. */
const LATE_SPANS_MS = 500;

export interface CollectionOptions {
	/** Where the spans go besides. */
	readonly destination?: Destination | undefined;
	/** OTLP JSON lines of all spans are written to this file. */
	readonly otlpFile?: string | undefined;
}

/** Receives the spans of a command's processes and analyses them. */
export interface Collection {
	/** For CONNTRACE_RECEIVER. */
	readonly receiverUrl: string;
	/** What was received so far. */
	summary(): Summary;
	/** Stops to receive. @returns the result, and a warning if spans could not be sent on */
	finish(name: string): Promise<{ run: Run; warning?: string }>;
	/** Stops to receive; nobody wants the result. */
	cancel(): Promise<void>;
}

/** @throws Failure when the file cannot be written or nothing can be received. */
export async function startCollection({
	destination,
	otlpFile,
}: CollectionOptions): Promise<Collection> {
	const analysis = new RunAnalysis();
	const forwarder = destination && new Forwarder(destination.settings);
	const file = otlpFile ? await openFile(otlpFile) : undefined;
	let received = 0;
	const receiver = await attempt(
		"receive spans on the loopback interface",
		() =>
			startReceiver((spans, json) => {
				received += spans.length;
				for (const span of spans) analysis.add(span);
				file?.write(`${json.replaceAll("\n", " ")}\n`);
				forwarder?.add(json, spans.length);
			}),
	);
	return {
		receiverUrl: receiver.tracesUrl,
		summary: () => analysis.summary,
		async cancel() {
			await receiver.close();
			file?.destroy();
		},
		async finish(name) {
			await receiver.close(LATE_SPANS_MS);
			if (file) await closeFile(file);
			const warning = await forwarder?.finish();
			const source = { name, spans: received, foreignSpans: 0, skipped: [] };
			return {
				run: analysis.build(name, [source]),
				...(warning && { warning }),
			};
		},
	};
}

async function openFile(path: string): Promise<WriteStream> {
	return attempt(`write ${path}`, async () => {
		const file = createWriteStream(path);
		await once(file, "open");
		return file;
	});
}

async function closeFile(file: WriteStream): Promise<void> {
	await attempt(`write ${file.path}`, async () => {
		if (file.errored) throw file.errored;
		file.end();
		await once(file, "close");
	});
}
