import type { FinishedSpan } from "../spans/finished-span";
import type { Bytes } from "./bytes";

/** What is said by HTTP about spans in one encoding. */
export interface Format {
	/** Of a request. */
	readonly contentType: string;
	/** What a collector that took a request says of spans in it that it did not want, if it says so. */
	rejection(answer: Buffer): Rejection | undefined;
}

/** A way to write spans down. */
export interface Encoding extends Format {
	append(span: FinishedSpan, to: Bytes): void;
	/** A request of spans that were appended to these, piece by piece. */
	request(spans: readonly Bytes[]): Buffer[];
}

export interface Rejection {
	/** Spans that were not wanted. */
	readonly rejected: number;
	readonly message: string;
}

/** OTLP span flags: what is known of the parent, as OpenTelemetry's own serializer states it. */
const HAS_IS_REMOTE = 0x100;
const IS_REMOTE = 0x200;

/** @param isRemote whether what it points to is in another process */
export function flagsOf(
	traceFlags: number,
	isRemote: boolean | undefined,
): number {
	return traceFlags | HAS_IS_REMOTE | (isRemote ? IS_REMOTE : 0);
}

/** Whether an attribute keeps the type of a fraction also where its value happens to be a whole number. */
export function isFraction(name: string): boolean {
	return name.endsWith("_ms") || name.endsWith(".ratio");
}

/** Milliseconds without the digits that the clock does not have. */
export function inNanoseconds(milliseconds: number): number {
	return Math.round(milliseconds * 1e6) / 1e6;
}
