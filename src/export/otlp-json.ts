import type { AttributeValue, Link } from "@opentelemetry/api";
import type { Resource } from "@opentelemetry/resources";
import type { AttributeList } from "../spans/attributes";
import { toHrTime } from "../spans/clock";
import type { FinishedSpan } from "../spans/finished-span";
import { SCOPE_NAME } from "../spans/names";
import { VERSION } from "../version";
import type { Bytes } from "./bytes";
import {
	type Encoding,
	type Format,
	flagsOf,
	inNanoseconds,
	isFraction,
	type Rejection,
} from "./encoding";

const STATUS_ERROR = '"status":{"code":2},';

const COMMA = 0x2c;
const END = Buffer.from("]}");

/** No character of UTF-16 takes more bytes in UTF-8. */
const MAX_BYTES_PER_CHARACTER = 3;

export const JSON_FORMAT: Format = {
	contentType: "application/json",
	rejection,
};

/** OTLP in JSON: of files, of `conntrace run`, and for collectors where it is asked for. */
export function otlpJson(resource: Resource): Encoding {
	const attributes = Object.entries(resource.attributes).map(([name, value]) =>
		value === undefined ? "" : encodeAttribute(name, value),
	);
	const scope = JSON.stringify({ name: SCOPE_NAME, version: VERSION });
	const head = Buffer.from(
		`{"resourceSpans":[{"resource":{"attributes":[${attributes.join("").slice(1)}]},"scopeSpans":[{"scope":${scope},"spans":[`,
	);
	const tail = Buffer.from("]}]}]}");
	return {
		...JSON_FORMAT,
		append,
		request: (spans) => {
			const parts = spans
				.filter(({ end }) => end > 0)
				.map((part) => part.contents());
			// Nothing stands before the first.
			return [head, ...parts.splice(0, 1).map(withoutComma), ...parts, tail];
		},
	};
}

function withoutComma(spans: Buffer): Buffer {
	return spans.subarray(1);
}

/**
 * Each span is led by a comma. Fields that would hold a default value are left out, as protocol buffers have it. It is
 * written at once and not by way of objects.
 */
function append(span: FinishedSpan, to: Bytes): void {
	const { content, parentSpanContext: parent } = span;
	const { traceId, spanId, traceFlags } = span.spanContext();
	const { name, kind, start, end, attributes, links, error } = content;
	const text =
		`{"traceId":"${traceId}","spanId":"${spanId}",${parent ? `"parentSpanId":"${parent.spanId}",` : ""}` +
		`"name":${JSON.stringify(name)},"kind":${kind + 1},` +
		`"startTimeUnixNano":"${nanoseconds(start)}","endTimeUnixNano":"${nanoseconds(end)}",` +
		`${error ? STATUS_ERROR : ""}${links?.length ? `"links":[${links.map(encodeLink).join(",")}],` : ""}"flags":${flagsOf(traceFlags, parent?.isRemote)},"attributes":[${encodeAttributes(attributes)}`;
	to.reserve(1 + text.length * MAX_BYTES_PER_CHARACTER);
	to.buffer[to.end++] = COMMA;
	to.end += to.buffer.write(text, to.end);
	for (const list of attributes.shared) to.put(encodeShared(list));
	to.put(END);
}

function encodeShared(list: AttributeList): Buffer {
	list.encoded ??= {};
	list.encoded.json ??= Buffer.from(`,${encodeAttributes(list)}`);
	return list.encoded.json;
}

function encodeLink({ context, attributes = {} }: Link): string {
	const encoded = Object.entries(attributes).map(([name, value]) =>
		encodeAttribute(name, value as AttributeValue),
	);
	return `{"traceId":"${context.traceId}","spanId":"${context.spanId}","attributes":[${encoded.join("").slice(1)}],"flags":${flagsOf(context.traceFlags, context.isRemote)}}`;
}

/** Without the comma that leads the first. */
function encodeAttributes(list: AttributeList): string {
	const encoded: string[] = [];
	list.each(encoded, pushEncoded);
	return encoded.join("").slice(1);
}

function pushEncoded(to: string[], name: string, value: AttributeValue): void {
	to.push(encodeAttribute(name, value));
}

/** Led by a comma. */
function encodeAttribute(name: string, value: AttributeValue): string {
	const lead = leadOf(name);
	switch (typeof value) {
		case "string":
			return `${lead.string}${JSON.stringify(value)}}}`;
		case "number":
			if (lead.fraction) return `${lead.double}${inNanoseconds(value)}}}`;
			return `${Number.isInteger(value) ? lead.integer : lead.double}${value}}}`;
		case "boolean":
			return `${lead.boolean}${value}}}`;
		default:
			return `${lead.array}{"values":[${value.map(encodeItem).join(",")}]}}}`;
	}
}

function encodeItem(
	item: string | number | boolean | null | undefined,
): string {
	if (typeof item === "string") {
		return `{"stringValue":${JSON.stringify(item)}}`;
	}
	if (typeof item === "boolean") return `{"boolValue":${item}}`;
	if (typeof item !== "number") return "{}";
	return Number.isInteger(item)
		? `{"intValue":${item}}`
		: `{"doubleValue":${item}}`;
}

/** What stands in front of an attribute's value, by the type of that. */
interface Lead {
	readonly string: string;
	readonly integer: string;
	readonly double: string;
	readonly boolean: string;
	readonly array: string;
	/** It keeps its type also where a value happens to be a whole number. */
	readonly fraction: boolean;
}

/** Names are few, and the same again and again. */
const leads = new Map<string, Lead>();

function leadOf(name: string): Lead {
	const known = leads.get(name);
	if (known) return known;
	const key = `,{"key":${JSON.stringify(name)},"value":{"`;
	const lead = {
		string: `${key}stringValue":`,
		integer: `${key}intValue":`,
		double: `${key}doubleValue":`,
		boolean: `${key}boolValue":`,
		array: `${key}arrayValue":`,
		fraction: isFraction(name),
	};
	leads.set(name, lead);
	return lead;
}

function nanoseconds(milliseconds: number): string {
	const [seconds, rest] = toHrTime(milliseconds);
	return `${seconds}${String(1_000_000_000 + rest).slice(1)}`;
}

/** `{"partialSuccess":{"rejectedSpans":"3","errorMessage":"..."}}`; anything else means that all were taken. */
function rejection(answer: Buffer): Rejection | undefined {
	try {
		const { partialSuccess } = JSON.parse(answer.toString());
		const rejected = Math.floor(Number(partialSuccess.rejectedSpans));
		return rejected > 0
			? { rejected, message: String(partialSuccess.errorMessage) }
			: undefined;
	} catch {
		return undefined;
	}
}
