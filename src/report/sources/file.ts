import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import type { Source } from "../model";
import { OtlpError } from "../otlp";
import type { Span } from "../span";
import { readDocument } from "./documents";
import { type Line, linesOf } from "./lines";
import { Tally } from "./tally";

/** The largest line that is read: far more than an export is allowed to have. A file that is one document may be as large. */
const MAX_LINE_BYTES = 64 * 1024 * 1024;

/** The name of standard input. */
export const STANDARD_INPUT = "-";

export interface FileOptions {
	readonly onSpan: (span: Span) => void;
	/** Called again and again with the share of the file that has been read, from 0 to 1, if its size is known. */
	readonly onProgress?: (share: number) => void;
}

/**
 * Reads the spans of a file of OTLP JSON lines, as conntrace and the OpenTelemetry Collector's file exporter write
 * them, or of one that is a single OTLP JSON document; gzip is recognised. What cannot be read is skipped and counted.
 * @param path `-` is standard input
 * @throws the system's error when the file cannot be read
 */
export async function readFile(
	path: string,
	{ onSpan, onProgress }: FileOptions,
): Promise<Source> {
	const standardInput = path === STANDARD_INPUT;
	const name = standardInput ? "(standard input)" : path;
	const tally = new Tally(name, onSpan);
	const size = standardInput ? 0 : (await stat(path)).size;
	const input = standardInput ? process.stdin : createReadStream(path);
	const bytes = counted(input, (read) => {
		if (size > 0) onProgress?.(read / size);
	});
	try {
		const first = await bytes.next();
		if (first.done) return tally.source;
		const all = startingWith(first.value, bytes);
		if (begins(first.value, ZSTD)) {
			tally.skip("compressed by zstd; decompress it first (zstd -d)", name);
		} else if (begins(first.value, GZIP)) {
			await readLines(unzipped(all), name, tally);
		} else {
			await readLines(all, name, tally);
		}
	} catch (error) {
		const { code, message } = error as NodeJS.ErrnoException;
		// What came before the damage has been read.
		if (!code?.startsWith("Z_")) throw error;
		tally.skip(`damaged gzip: ${message}`, name);
	} finally {
		input.destroy();
	}
	return tally.source;
}

const GZIP = Buffer.from([0x1f, 0x8b]);
const ZSTD = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

function begins(chunk: Buffer, magic: Buffer): boolean {
	return chunk.subarray(0, magic.length).equals(magic);
}

function unzipped(bytes: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
	// Whoever reads gets the error.
	return pipeline(Readable.from(bytes), createGunzip(), () => {});
}

async function* counted(
	input: AsyncIterable<Buffer>,
	onRead: (bytes: number) => void,
): AsyncGenerator<Buffer> {
	let bytes = 0;
	for await (const chunk of input) {
		bytes += chunk.length;
		onRead(bytes);
		yield chunk;
	}
}

async function* startingWith(
	first: Buffer,
	rest: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer> {
	yield first;
	yield* rest;
}

/** A line that could not be read, and why. */
interface Unread {
	readonly line: Line;
	readonly problem: string;
}

async function readLines(
	bytes: AsyncIterable<Buffer>,
	name: string,
	tally: Tally,
): Promise<void> {
	/** As long as nothing could be read, the lines may be those of a single document. */
	let held: Unread[] | undefined = [];
	let heldLength = 0;
	const skip = (unread: readonly Unread[]): void => {
		for (const { line, problem } of unread) {
			tally.skip(problem, `${name}:${line.number}`);
		}
	};
	for await (const line of linesOf(bytes, MAX_LINE_BYTES)) {
		const problem = line.tooLong ? TOO_LONG : readText(line.text, tally);
		const unread = problem === undefined ? [] : [{ line, problem }];
		heldLength += line.text.length;
		if (held && problem !== undefined && heldLength <= MAX_LINE_BYTES) {
			held.push(...unread);
			continue;
		}
		if (line.text.trim() === "" && !line.tooLong) continue;
		if (held) skip(held);
		held = undefined;
		skip(unread);
	}
	if (!held) return;
	const document = held.map(({ line }) => line.text).join("\n");
	if (held.length === 1 || readText(document, tally) !== undefined) skip(held);
}

const TOO_LONG = `longer than ${MAX_LINE_BYTES / 1024 / 1024} MiB; expected one export per line`;

/** @returns what is wrong, if anything is */
function readText(text: string, tally: Tally): string | undefined {
	if (text.trim() === "") return undefined;
	try {
		tally.add(readDocument(text));
		return undefined;
	} catch (error) {
		if (!(error instanceof OtlpError)) throw error;
		return error.message;
	}
}
