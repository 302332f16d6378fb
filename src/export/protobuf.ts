import type { Bytes } from "./bytes";

/** Up to here a string is written by JavaScript, which takes less than the way into Node. */
const SHORT = 64;

/** The room that the parts below need at most, but for texts. */
export const ROOM = 64;

/** Of the length of a message: from 128 bytes to 16 KiB. */
const USUAL_LENGTH = 2;

/** A tag or a length or another whole number that is not negative. */
export function putVarint(to: Bytes, value: number): void {
	const { buffer } = to;
	let { end } = to;
	let rest = value;
	while (rest > 0x7f) {
		buffer[end++] = (rest % 0x80) | 0x80;
		rest = Math.floor(rest / 0x80);
	}
	buffer[end++] = rest;
	to.end = end;
}

/** Begins a message within another. @returns what {@link endMessage} needs */
export function beginMessage(to: Bytes, tag: number): number {
	to.reserve(ROOM);
	putVarint(to, tag);
	to.end += USUAL_LENGTH;
	return to.end;
}

/** Puts the length of a message before it, now that it is known. */
export function endMessage(to: Bytes, start: number): void {
	const length = to.end - start;
	const surplus = varintLength(length) - USUAL_LENGTH;
	if (surplus !== 0) {
		to.reserve(ROOM);
		to.buffer.copyWithin(start + surplus, start, to.end);
	}
	to.end = start - USUAL_LENGTH;
	putVarint(to, length);
	to.end += length;
}

export function varintLength(value: number): number {
	let length = 1;
	for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 0x80)) length++;
	return length;
}

/** A safe integer; negative ones have the two's complement of 64 bits. */
export function putInteger(to: Bytes, value: number): void {
	if (value >= 0) {
		putVarint(to, value);
		return;
	}
	let rest = BigInt.asUintN(64, BigInt(value));
	for (; rest > 0x7fn; rest >>= 7n) {
		to.buffer[to.end++] = Number(rest & 0x7fn) | 0x80;
	}
	to.buffer[to.end++] = Number(rest);
}

/** Of what {@link putInteger} writes. */
export function integerLength(value: number): number {
	return value < 0 ? 10 : varintLength(value);
}

export function putDouble(to: Bytes, value: number): void {
	to.view.setFloat64(to.end, value, true);
	to.end += 8;
}

export function putFixed32(to: Bytes, value: number): void {
	to.view.setUint32(to.end, value, true);
	to.end += 4;
}

const HALF = 0x10000;
const WHOLE = 0x100000000;

/** Seconds and nanoseconds as nanoseconds, of which a number could not hold so many. */
export function putNanoseconds(
	to: Bytes,
	seconds: number,
	nanoseconds: number,
): void {
	const upper = Math.floor(seconds / HALF) * 1e9;
	const lower = (seconds % HALF) * 1e9 + nanoseconds;
	const rest = (upper % HALF) * HALF + lower;
	to.view.setUint32(to.end, rest % WHOLE, true);
	to.view.setUint32(
		to.end + 4,
		Math.floor(upper / HALF) + Math.floor(rest / WHOLE),
		true,
	);
	to.end += 8;
}

/** Of a text in UTF-8. It is that of the text itself if and only if all of it is ASCII. */
export function textLength(text: string): number {
	const { length } = text;
	if (length > SHORT) return Buffer.byteLength(text);
	for (let index = 0; index < length; index++) {
		if (text.charCodeAt(index) > 0x7f) return Buffer.byteLength(text);
	}
	return length;
}

/** @param length as {@link textLength} says it */
export function putText(to: Bytes, text: string, length: number): void {
	if (length > SHORT || length !== text.length) {
		to.end += to.buffer.write(text, to.end);
		return;
	}
	const { buffer, end } = to;
	for (let index = 0; index < length; index++) {
		buffer[end + index] = text.charCodeAt(index);
	}
	to.end = end + length;
}

/** An id in hexadecimal digits, as bytes. */
export function putId(to: Bytes, id: string): void {
	const { buffer } = to;
	let { end } = to;
	for (let index = 0; index < id.length; index += 2) {
		buffer[end++] =
			(digit(id.charCodeAt(index)) << 4) | digit(id.charCodeAt(index + 1));
	}
	to.end = end;
}

function digit(code: number): number {
	return code > 0x39 ? (code | 0x20) - 0x57 : code - 0x30;
}

/** The value of a field: a number, or the bytes of a text or a message. */
export type FieldValue = number | Buffer;

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/** The last value of each field of a message, by number; undefined if it is none. */
export function readFields(
	message: Buffer,
): ReadonlyMap<number, FieldValue> | undefined {
	const fields = new Map<number, FieldValue>();
	let at = 0;
	const varint = (): number => {
		let value = 0;
		for (let factor = 1; at < message.length; factor *= 0x80) {
			const byte = message[at++] as number;
			value += (byte & 0x7f) * factor;
			if (byte < 0x80) return value;
		}
		return Number.NaN;
	};
	while (at < message.length) {
		const tag = varint();
		const type = tag % 8;
		const length =
			type === BYTES
				? varint()
				: type === FIXED64
					? 8
					: type === FIXED32
						? 4
						: Number.NaN;
		if (type === VARINT) fields.set(tag >> 3, varint());
		else if (at + length <= message.length) {
			fields.set(tag >> 3, message.subarray(at, at + length));
			at += length;
		} else return undefined;
	}
	return fields;
}
