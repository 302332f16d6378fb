import type { AttributeValue, Link, SpanContext } from "@opentelemetry/api";
import type { Resource } from "@opentelemetry/resources";
import type { AttributeList } from "../spans/attributes";
import { toHrTime } from "../spans/clock";
import type { FinishedSpan } from "../spans/finished-span";
import { SCOPE_NAME } from "../spans/names";
import { VERSION } from "../version";

/** What stands around the spans of an OTLP JSON request. */
export interface Envelope {
	readonly head: Buffer;
	readonly tail: Buffer;
}

/** OTLP span flags: what is known of the parent, as OpenTelemetry's own serializer states it. */
const HAS_IS_REMOTE = 0x100;
const IS_REMOTE = 0x200;

const STATUS_UNSET = '{"code":0}';
const STATUS_ERROR = '{"code":2}';

export function envelopeOf(resource: Resource): Envelope {
	const attributes = Object.entries(resource.attributes).map(([name, value]) =>
		value === undefined ? undefined : encodeAttribute(name, value),
	);
	const scope = JSON.stringify({ name: SCOPE_NAME, version: VERSION });
	return {
		head: Buffer.from(
			`{"resourceSpans":[{"resource":{"attributes":[${attributes.filter(Boolean).join(",")}],"droppedAttributesCount":0},"scopeSpans":[{"scope":${scope},"spans":[`,
		),
		tail: Buffer.from("]}]}]}"),
	};
}

/**
 * A span as OTLP JSON. It is written at once and not by way of objects: most spans are of reused requests, and this
 * is the larger part of what those cost.
 */
export function encodeSpan(span: FinishedSpan): string {
	const { content, parentSpanContext: parent } = span;
	const { traceId, spanId, traceFlags } = span.spanContext();
	const parentId = parent ? `"parentSpanId":"${parent.spanId}",` : "";
	const flags = traceFlags | HAS_IS_REMOTE | (parent?.isRemote ? IS_REMOTE : 0);
	return (
		`{"traceId":"${traceId}","spanId":"${spanId}",${parentId}"name":${JSON.stringify(content.name)},` +
		`"kind":${content.kind + 1},"startTimeUnixNano":"${nanoseconds(content.start)}","endTimeUnixNano":"${nanoseconds(content.end)}",` +
		`"attributes":[${encodeAttributes(content.attributes)}],"droppedAttributesCount":0,"events":[],"droppedEventsCount":0,` +
		`"status":${content.error ? STATUS_ERROR : STATUS_UNSET},"links":[${(content.links ?? []).map(encodeLink).join(",")}],` +
		`"droppedLinksCount":0,"flags":${flags}}`
	);
}

function encodeLink({ context, attributes = {} }: Link): string {
	const encoded = Object.entries(attributes).map(([name, value]) =>
		encodeAttribute(name, value as AttributeValue),
	);
	return `{"attributes":[${encoded.join(",")}],"spanId":"${context.spanId}","traceId":"${context.traceId}","droppedAttributesCount":0,"flags":${linkFlags(context)}}`;
}

function linkFlags({ traceFlags, isRemote }: SpanContext): number {
	return traceFlags | HAS_IS_REMOTE | (isRemote ? IS_REMOTE : 0);
}

function encodeAttributes({ items }: AttributeList): string {
	let text = "";
	for (let index = 0; index < items.length; index += 2) {
		if (index > 0) text += ",";
		text += encodeAttribute(
			items[index] as string,
			items[index + 1] as AttributeValue,
		);
	}
	return text;
}

/** `{"key":"...","value":{` of every attribute name seen so far: names are few and the same again and again. */
const keys = new Map<string, string>();

function encodeAttribute(name: string, value: AttributeValue): string {
	let key = keys.get(name);
	if (key === undefined) {
		key = `{"key":${JSON.stringify(name)},"value":`;
		keys.set(name, key);
	}
	return `${key}${encodeValue(name, value)}}`;
}

function encodeValue(name: string, value: unknown): string {
	switch (typeof value) {
		case "string":
			return `{"stringValue":${JSON.stringify(value)}}`;
		case "number":
			return Number.isInteger(value) && !isFraction(name)
				? `{"intValue":${value}}`
				: `{"doubleValue":${value}}`;
		case "boolean":
			return `{"boolValue":${value}}`;
		default:
			return Array.isArray(value)
				? `{"arrayValue":{"values":[${value.map((item) => encodeValue(name, item)).join(",")}]}}`
				: "{}";
	}
}

/** An attribute keeps its type also where a value happens to be a whole number. */
function isFraction(name: string): boolean {
	return name.endsWith("_ms") || name.endsWith(".ratio");
}

function nanoseconds(milliseconds: number): string {
	const [seconds, rest] = toHrTime(milliseconds);
	return `${seconds}${String(1_000_000_000 + rest).slice(1)}`;
}
