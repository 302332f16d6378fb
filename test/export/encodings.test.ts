import type { Attributes, Link } from "@opentelemetry/api";
import {
	JsonTraceSerializer,
	ProtobufTraceSerializer,
} from "@opentelemetry/otlp-transformer";
import {
	type Resource,
	resourceFromAttributes,
} from "@opentelemetry/resources";
import { expect, test } from "vitest";
import { Bytes } from "../../src/export/bytes.js";
import type { Encoding } from "../../src/export/encoding.js";
import { otlpJson } from "../../src/export/otlp-json.js";
import { otlpProtobuf } from "../../src/export/otlp-protobuf.js";
import { AttributeList } from "../../src/spans/attributes.js";
import { FinishedSpan, SharedLink } from "../../src/spans/finished-span.js";
import { jsonOfProtobuf, protobufResponse } from "../support/otlp-protobuf.js";
import { readSpans } from "../support/spans.js";

const RESOURCE = resourceFromAttributes({
	"service.name": 'a "service"\n',
	"process.pid": 12,
	"process.command_args": ["node", "x.js"],
});

const context = (spanId: string) => ({
	traceId: "0af7651916cd43dd8448eb211c80319c",
	spanId,
	traceFlags: 1,
});

function span(
	attributes: Attributes,
	parent?: { readonly isRemote: boolean },
	links?: readonly Link[],
): FinishedSpan {
	return new FinishedSpan(
		{
			name: "DynamoDB.PutItem",
			kind: 2,
			start: 12.345_678,
			end: 1_234_567.999_999_9,
			attributes: new AttributeList(attributes),
			links,
			error: parent !== undefined,
		},
		context("b7ad6b7169203331"),
		parent && { ...context("00f067aa0ba902b7"), ...parent },
		RESOURCE,
	);
}

const SPANS: Readonly<Record<string, FinishedSpan>> = {
	"every type of value": span({
		text: "put",
		whole: -3,
		fraction: 0.25,
		large: 2 ** 40 + 3,
		flag: false,
		texts: ["a", "b"],
		none: [],
		mixed: [1, 2.5],
	}),
	"texts that JSON has to escape": span({
		'"quotes"': '\\ " \u0000 \u001f \u2028 é 漢 😀',
		"half a character": "\ud83d",
	}),
	"a parent in this process": span({}, { isRemote: false }),
	"a parent in another process": span({}, { isRemote: true }),
	"attributes that are shared": sharing(
		span({ own: 1 }),
		new AttributeList({ shared: "é", twice: 2 }),
	),
	links: span({}, undefined, [
		{
			context: context("00f067aa0ba902b7"),
			attributes: { "conntrace.connection.id": "c-1" },
		},
		{ context: { ...context("b7ad6b7169203331"), isRemote: true } },
		new SharedLink(context("b7ad6b7169203331"), { shared: "é" }),
	]),
};

function sharing(
	example: FinishedSpan,
	...lists: AttributeList[]
): FinishedSpan {
	for (const list of lists) example.content.attributes.include(list);
	return example;
}

for (const [name, example] of Object.entries(SPANS)) {
	test(`${name} stand in JSON as OpenTelemetry's own serializer writes them`, () => {
		const own = JSON.parse(requestOf(otlpJson, example).toString());
		const bytes = JsonTraceSerializer.serializeRequest([example]);
		const theirs = JSON.parse(Buffer.from(bytes ?? []).toString());
		expect(inOrder(own)).toEqual(inOrder(withoutDefaults(theirs)));
	});

	test(`${name} stand in protocol buffers as OpenTelemetry's own serializer writes them`, () => {
		const own = withoutDefaults(
			JSON.parse(jsonOfProtobuf(requestOf(otlpProtobuf, example))),
		);
		const bytes = ProtobufTraceSerializer.serializeRequest([example]);
		const theirs = JSON.parse(jsonOfProtobuf(bytes ?? Buffer.of()));
		expect(inOrder(own)).toEqual(inOrder(withoutDefaults(theirs)));
	});
}

test("a request may have its spans in several parts, and any may be empty", () => {
	for (const encoding of [otlpJson(RESOURCE), otlpProtobuf(RESOURCE)]) {
		const parts = [[], [1, 2], [], [3]].map((numbers) => {
			const part = new Bytes();
			for (const own of numbers) encoding.append(span({ own }), part);
			return part;
		});
		const request = Buffer.concat(encoding.request(parts));
		const json =
			encoding.contentType === "application/json"
				? request.toString()
				: jsonOfProtobuf(request);
		expect(readSpans(json).map(({ attributes }) => attributes.own)).toEqual([
			1, 2, 3,
		]);
	}
});

test("what a collector says of spans that it does not want is read", () => {
	const answer = {
		partialSuccess: { rejectedSpans: "300", errorMessage: "too old: é" },
	};
	const told = { rejected: 300, message: "too old: é" };
	const json = otlpJson(RESOURCE).rejection;
	expect(json(Buffer.from(JSON.stringify(answer)))).toEqual(told);
	const protobuf = otlpProtobuf(RESOURCE).rejection;
	expect(protobuf(Buffer.from(protobufResponse(answer)))).toEqual(told);
	const nothing = ["", "{}", "<html>", "\n\x00", "\n\xff", "\x0a\x02\x08\x80"];
	for (const other of nothing) {
		expect(json(Buffer.from(other, "latin1"))).toBeUndefined();
		expect(protobuf(Buffer.from(other, "latin1"))).toBeUndefined();
	}
});

function requestOf(
	encodingOf: (resource: Resource) => Encoding,
	example: FinishedSpan,
): Buffer {
	const encoding = encodingOf(RESOURCE);
	const spans = new Bytes();
	encoding.append(example, spans);
	return Buffer.concat(encoding.request([spans]));
}

/** The order of attributes says nothing. */
function inOrder(request: unknown): unknown {
	return JSON.parse(JSON.stringify(request), (name, value) =>
		name === "attributes"
			? value.toSorted((a: { key: string }, b: { key: string }) =>
					a.key.localeCompare(b.key),
				)
			: value,
	);
}

/** Protocol buffers leave out what has its default value; in an attribute the type is said by what is there. */
function withoutDefaults(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(withoutDefaults);
	if (typeof value !== "object" || value === null) return value;
	return Object.fromEntries(
		Object.entries(value)
			.filter(([name, field]) => !isDefault(name, field))
			.map(([name, field]) => [name, withoutDefaults(field)]),
	);
}

function isDefault(name: string, field: unknown): boolean {
	if (name.endsWith("Count")) return field === 0;
	if (name === "status")
		return ["{}", '{"code":0}'].includes(JSON.stringify(field));
	return (
		["events", "links"].includes(name) &&
		Array.isArray(field) &&
		field.length === 0
	);
}

test("a time keeps its type where it happens to be a whole number", () => {
	const example = span({
		"conntrace.ttfb_ms": 5,
		"http.response.status_code": 200,
	});
	for (const json of [
		requestOf(otlpJson, example).toString(),
		jsonOfProtobuf(requestOf(otlpProtobuf, example)),
	]) {
		expect(json).toContain(
			'{"key":"conntrace.ttfb_ms","value":{"doubleValue":5}}',
		);
		expect(json).toMatch(
			/\{"key":"http.response.status_code","value":\{"intValue":"?200"?\}\}/,
		);
	}
});
