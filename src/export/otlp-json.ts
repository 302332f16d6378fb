import type { AttributeValue, Link, SpanContext } from "@opentelemetry/api";
import type { Resource } from "@opentelemetry/resources";
import type { AttributeList } from "../spans/attributes";
import { toHrTime } from "../spans/clock";
import { type FinishedSpan, SharedLink } from "../spans/finished-span";
import { SCOPE_NAME } from "../spans/names";
import { VERSION } from "../version";
import type { EncodedSpan } from "./encoded-spans";

/** What stands around the spans of an OTLP JSON request. */
export interface Envelope {
	readonly head: Buffer;
	readonly tail: Buffer;
}

/** OTLP span flags: what is known of the parent, as OpenTelemetry's own serializer states it. */
const HAS_IS_REMOTE = 0x100;
const IS_REMOTE = 0x200;

const STATUS_ERROR = '"status":{"code":2},';

export function envelopeOf(resource: Resource): Envelope {
	const attributes = Object.entries(resource.attributes).map(([name, value]) =>
		value === undefined ? "" : encodeAttribute(name, value),
	);
	const scope = JSON.stringify({ name: SCOPE_NAME, version: VERSION });
	return {
		head: Buffer.from(
			`{"resourceSpans":[{"resource":{"attributes":[${attributes.join("").slice(1)}]},"scopeSpans":[{"scope":${scope},"spans":[`,
		),
		tail: Buffer.from("]}]}]}"),
	};
}

/**
 * A span as OTLP JSON; fields that would hold a default value are left out, as protocol buffers have it. It is written
 * at once and not by way of objects: most spans are of reused requests, and this is the larger part of what those cost.
 */
export function encodeSpan(span: FinishedSpan): EncodedSpan {
	const { content, parentSpanContext: parent } = span;
	const { traceId, spanId, traceFlags } = span.spanContext();
	const { name, kind, start, end, attributes, links, error } = content;
	const flags = traceFlags | HAS_IS_REMOTE | (parent?.isRemote ? IS_REMOTE : 0);
	const own = encodeAttributes(attributes);
	return {
		text:
			`{"traceId":"${traceId}","spanId":"${spanId}",${parent ? `"parentSpanId":"${parent.spanId}",` : ""}` +
			`"name":${JSON.stringify(name)},"kind":${kind + 1},` +
			`"startTimeUnixNano":"${nanoseconds(start)}","endTimeUnixNano":"${nanoseconds(end)}",` +
			`${error ? STATUS_ERROR : ""}${links?.length ? `"links":[${links.map(encodeLink).join(",")}],` : ""}"flags":${flags},"attributes":[${own}`,
		shared: attributes.shared.map(encodeShared),
	};
}

function encodeShared(list: AttributeList): Buffer {
	list.encoded ??= Buffer.from(`,${encodeAttributes(list)}`);
	return list.encoded as Buffer;
}

function encodeLink(link: Link): string {
	if (!(link instanceof SharedLink)) return linkText(link);
	link.encoded ??= inOnePiece(linkText(link));
	return link.encoded as string;
}

/** A text that was put together is a tree, which would be walked each time it is written. */
function inOnePiece(text: string): string {
	return Buffer.from(text).toString();
}

function linkText({ context, attributes = {} }: Link): string {
	const encoded = Object.entries(attributes).map(([name, value]) =>
		encodeAttribute(name, value as AttributeValue),
	);
	return `{"traceId":"${context.traceId}","spanId":"${context.spanId}","attributes":[${encoded.join("").slice(1)}],"flags":${linkFlags(context)}}`;
}

function linkFlags({ traceFlags, isRemote }: SpanContext): number {
	return traceFlags | HAS_IS_REMOTE | (isRemote ? IS_REMOTE : 0);
}

/** Without the comma that leads the first. */
function encodeAttributes({ items }: AttributeList): string {
	let text = "";
	for (let index = 0; index < items.length; index += 2) {
		const attribute = encodeAttribute(
			items[index] as string,
			items[index + 1] as AttributeValue,
		);
		text += index === 0 ? attribute.slice(1) : attribute;
	}
	return text;
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
		fraction: name.endsWith("_ms") || name.endsWith(".ratio"),
	};
	leads.set(name, lead);
	return lead;
}

/** Milliseconds without the digits that the clock does not have. */
function inNanoseconds(milliseconds: number): number {
	return Math.round(milliseconds * 1e6) / 1e6;
}

function nanoseconds(milliseconds: number): string {
	const [seconds, rest] = toHrTime(milliseconds);
	return `${seconds}${String(1_000_000_000 + rest).slice(1)}`;
}
