import type { AttributeValue, Link } from "@opentelemetry/api";
import type { Resource } from "@opentelemetry/resources";
import type { AttributeList } from "../spans/attributes";
import { toHrTime } from "../spans/clock";
import { type FinishedSpan, SharedLink } from "../spans/finished-span";
import { SCOPE_NAME } from "../spans/names";
import { VERSION } from "../version";
import { Bytes } from "./bytes";
import {
	type Encoding,
	flagsOf,
	inNanoseconds,
	isFraction,
	type Rejection,
} from "./encoding";
import {
	beginMessage,
	endMessage,
	integerLength,
	putDouble,
	putFixed32,
	putId,
	putInteger,
	putNanoseconds,
	putText,
	putVarint,
	ROOM,
	readFields,
	textLength,
	varintLength,
} from "./protobuf";

/** Fields of opentelemetry-proto 1.x: the number, and in the lowest three bits the type of what follows. */
const REQUEST = { resourceSpans: 0x0a };
const RESOURCE_SPANS = { resource: 0x0a, scopeSpans: 0x12 };
const RESOURCE = { attributes: 0x0a };
const SCOPE_SPANS = { scope: 0x0a, spans: 0x12 };
const SCOPE = { name: 0x0a, version: 0x12 };
const SPAN = {
	traceId: 0x0a,
	spanId: 0x12,
	parentSpanId: 0x22,
	name: 0x2a,
	kind: 0x30,
	startTime: 0x39,
	endTime: 0x41,
	attributes: 0x4a,
	links: 0x6a,
	status: 0x7a,
	flags: 0x85,
};
const LINK = { traceId: 0x0a, spanId: 0x12, attributes: 0x22, flags: 0x35 };
const KEY_VALUE = { key: 0x0a, value: 0x12 };
const VALUE = { text: 0x0a, bool: 0x10, int: 0x18, double: 0x21, array: 0x2a };
const ARRAY = { values: 0x0a };
const RESPONSE = { partialSuccess: 1, rejectedSpans: 1, errorMessage: 2 };

/** A status whose code is that of an error. */
const STATUS_ERROR = Uint8Array.of(SPAN.status, 2, 0x18, 2);

/** OTLP in protocol buffers, the protocol that collectors get if nothing else was asked for. */
export function otlpProtobuf(resource: Resource): Encoding {
	const head = new Bytes();
	const described = beginMessage(head, RESOURCE_SPANS.resource);
	for (const [name, value] of Object.entries(resource.attributes)) {
		if (value !== undefined) {
			putAttribute(head, RESOURCE.attributes, name, value as AttributeValue);
		}
	}
	endMessage(head, described);
	const scope = new Bytes();
	const named = beginMessage(scope, SCOPE_SPANS.scope);
	putField(scope, SCOPE.name, SCOPE_NAME);
	putField(scope, SCOPE.version, VERSION);
	endMessage(scope, named);
	return {
		contentType: "application/x-protobuf",
		rejection,
		append,
		request: (spans) => {
			const inScope = spans.reduce((sum, { end }) => sum + end, scope.end);
			const lead = new Bytes();
			lead.reserve(2 * ROOM + head.end + scope.end);
			putVarint(lead, REQUEST.resourceSpans);
			putVarint(lead, head.end + 1 + varintLength(inScope) + inScope);
			lead.put(head.contents());
			putVarint(lead, RESOURCE_SPANS.scopeSpans);
			putVarint(lead, inScope);
			lead.put(scope.contents());
			return [lead.contents(), ...spans.map((part) => part.contents())];
		},
	};
}

function append(span: FinishedSpan, to: Bytes): void {
	const { content, parentSpanContext: parent } = span;
	const { traceId, spanId, traceFlags } = span.spanContext();
	const { name, kind, start, end, attributes, links, error } = content;
	const message = beginMessage(to, SCOPE_SPANS.spans);
	putIdField(to, SPAN.traceId, traceId);
	putIdField(to, SPAN.spanId, spanId);
	if (parent) {
		putIdField(to, SPAN.parentSpanId, parent.spanId);
	}
	putField(to, SPAN.name, name);
	to.reserve(ROOM);
	putVarint(to, SPAN.kind);
	putVarint(to, kind + 1);
	putTime(to, SPAN.startTime, start);
	putTime(to, SPAN.endTime, end);
	putVarint(to, SPAN.flags);
	putFixed32(to, flagsOf(traceFlags, parent?.isRemote));
	attributes.each(to, putOwn);
	for (const list of attributes.shared) to.put(encodedList(list));
	if (links) for (const link of links) putLink(to, link);
	if (error) to.put(STATUS_ERROR);
	endMessage(to, message);
}

function encodedList(list: AttributeList): Buffer {
	list.encoded ??= {};
	list.encoded.protobuf ??= encoded((to) => list.each(to, putOwn));
	return list.encoded.protobuf;
}

function putLink(to: Bytes, link: Link): void {
	if (!(link instanceof SharedLink)) {
		encodeLink(to, link);
		return;
	}
	link.encoded ??= {};
	link.encoded.protobuf ??= encoded((own) => encodeLink(own, link));
	to.put(link.encoded.protobuf);
}

function encodeLink(to: Bytes, { context, attributes = {} }: Link): void {
	const { traceId, spanId, traceFlags, isRemote } = context;
	const message = beginMessage(to, SPAN.links);
	putIdField(to, LINK.traceId, traceId);
	putIdField(to, LINK.spanId, spanId);
	for (const [name, value] of Object.entries(attributes)) {
		if (value !== undefined) putAttribute(to, LINK.attributes, name, value);
	}
	to.reserve(ROOM);
	putVarint(to, LINK.flags);
	putFixed32(to, flagsOf(traceFlags, isRemote));
	endMessage(to, message);
}

function encoded(write: (to: Bytes) => void): Buffer {
	const own = new Bytes();
	write(own);
	return Buffer.from(own.contents());
}

function putOwn(to: Bytes, name: string, value: AttributeValue): void {
	putAttribute(to, SPAN.attributes, name, value);
}

function putAttribute(
	to: Bytes,
	tag: number,
	name: string,
	value: AttributeValue,
): void {
	const key = keyOf(name);
	switch (typeof value) {
		case "string": {
			const length = textLength(value);
			putKey(to, tag, key, 1 + varintLength(length) + length);
			putTextField(to, VALUE.text, value, length);
			return;
		}
		case "number":
			if (key.fraction) {
				putKey(to, tag, key, DOUBLE_LENGTH);
				putDoubleField(to, inNanoseconds(value));
			} else {
				putKey(to, tag, key, numberLength(value));
				putNumber(to, value);
			}
			return;
		case "boolean":
			putKey(to, tag, key, BOOL_LENGTH);
			putBool(to, value);
			return;
		default: {
			const array = encodedArray(value);
			putKey(to, tag, key, array.length);
			to.put(array);
		}
	}
}

/** All of an attribute up to its value, and room for that. */
function putKey(to: Bytes, tag: number, key: Key, valueLength: number): void {
	const { field } = key;
	to.reserve(ROOM + field.length + valueLength);
	putVarint(to, tag);
	putVarint(to, field.length + varintLength(valueLength) + valueLength);
	to.buffer.set(field, to.end);
	to.end += field.length;
	putVarint(to, valueLength);
}

function encodedArray(items: Extract<AttributeValue, unknown[]>): Buffer {
	return encoded((to) => {
		const array = beginMessage(to, VALUE.array);
		for (const item of items) {
			const value = beginMessage(to, ARRAY.values);
			to.reserve(ROOM);
			if (typeof item === "string") putField(to, VALUE.text, item);
			else if (typeof item === "number") putNumber(to, item);
			else if (typeof item === "boolean") putBool(to, item);
			endMessage(to, value);
		}
		endMessage(to, array);
	});
}

/** Their tag with them. */
const DOUBLE_LENGTH = 9;
const BOOL_LENGTH = 2;

function numberLength(value: number): number {
	return Number.isSafeInteger(value) ? 1 + integerLength(value) : DOUBLE_LENGTH;
}

function putNumber(to: Bytes, value: number): void {
	if (!Number.isSafeInteger(value)) {
		putDoubleField(to, value);
		return;
	}
	putVarint(to, VALUE.int);
	putInteger(to, value);
}

function putDoubleField(to: Bytes, value: number): void {
	putVarint(to, VALUE.double);
	putDouble(to, value);
}

function putBool(to: Bytes, value: boolean): void {
	putVarint(to, VALUE.bool);
	putVarint(to, Number(value));
}

function putField(to: Bytes, tag: number, text: string): void {
	const length = textLength(text);
	to.reserve(ROOM + length);
	putTextField(to, tag, text, length);
}

function putTextField(
	to: Bytes,
	tag: number,
	text: string,
	length: number,
): void {
	putVarint(to, tag);
	putVarint(to, length);
	putText(to, text, length);
}

function putIdField(to: Bytes, tag: number, id: string): void {
	to.reserve(ROOM);
	putVarint(to, tag);
	putVarint(to, id.length / 2);
	putId(to, id);
}

function putTime(to: Bytes, tag: number, milliseconds: number): void {
	const [seconds, nanoseconds] = toHrTime(milliseconds);
	putVarint(to, tag);
	putNanoseconds(to, seconds, nanoseconds);
}

/** The name of an attribute. */
interface Key {
	/** Its field, and the tag of the value behind it. */
	readonly field: Buffer;
	readonly fraction: boolean;
}

/** Names are few, and the same again and again. */
const keys = new Map<string, Key>();

function keyOf(name: string): Key {
	const known = keys.get(name);
	if (known) return known;
	const key = {
		field: encoded((to) => {
			putField(to, KEY_VALUE.key, name);
			putVarint(to, KEY_VALUE.value);
		}),
		fraction: isFraction(name),
	};
	keys.set(name, key);
	return key;
}

function rejection(answer: Buffer): Rejection | undefined {
	const partial = readFields(answer)?.get(RESPONSE.partialSuccess);
	if (!Buffer.isBuffer(partial)) return undefined;
	const fields = readFields(partial);
	const rejected = fields?.get(RESPONSE.rejectedSpans);
	const message = fields?.get(RESPONSE.errorMessage) ?? "";
	return typeof rejected === "number" && rejected > 0
		? { rejected, message: String(message) }
		: undefined;
}
