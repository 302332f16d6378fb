import type { Link } from "@opentelemetry/api";
import { JsonTraceSerializer } from "@opentelemetry/otlp-transformer";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { expect, test } from "vitest";
import { EncodedSpans } from "../../src/export/encoded-spans.js";
import { encodeSpan, envelopeOf } from "../../src/export/otlp-json.js";
import { defined } from "../../src/spans/attributes.js";
import { FinishedSpan, SharedLink } from "../../src/spans/finished-span.js";

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
	attributes: Parameters<typeof defined>[0],
	parent?: { readonly isRemote: boolean },
	links?: readonly Link[],
): FinishedSpan {
	return new FinishedSpan(
		{
			name: "DynamoDB.PutItem",
			kind: 2,
			start: 12.345_678,
			end: 1_234_567.999_999_9,
			attributes: defined(attributes),
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
		large: 1e21,
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
		defined({ shared: "é", twice: 2 }),
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
	...lists: ReturnType<typeof defined>[]
): FinishedSpan {
	for (const list of lists) example.content.attributes.include(list);
	return example;
}

for (const [name, example] of Object.entries(SPANS)) {
	test(`${name} stand as OpenTelemetry's own serializer writes them`, () => {
		const { head, tail } = envelopeOf(RESOURCE);
		const own = JSON.parse(`${head}${textOf(example)}${tail}`);
		const bytes = JsonTraceSerializer.serializeRequest([example]);
		const theirs = JSON.parse(Buffer.from(bytes ?? []).toString());
		expect(inOrder(own)).toEqual(inOrder(withoutDefaults(theirs)));
	});
}

function textOf(example: FinishedSpan): string {
	const spans = new EncodedSpans();
	spans.add(encodeSpan(example));
	return spans.contents().subarray(1).toString();
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
	if (name === "status") return JSON.stringify(field) === '{"code":0}';
	return (
		["events", "links"].includes(name) &&
		Array.isArray(field) &&
		field.length === 0
	);
}

test("a time keeps its type where it happens to be a whole number", () => {
	const text = textOf(
		span({ "conntrace.ttfb_ms": 5, "http.response.status_code": 200 }),
	);
	expect(JSON.parse(text).attributes).toEqual([
		{ key: "conntrace.ttfb_ms", value: { doubleValue: 5 } },
		{ key: "http.response.status_code", value: { intValue: 200 } },
	]);
});
