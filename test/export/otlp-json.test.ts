import type { Link } from "@opentelemetry/api";
import { JsonTraceSerializer } from "@opentelemetry/otlp-transformer";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { expect, test } from "vitest";
import { encodeSpan, envelopeOf } from "../../src/export/otlp-json.js";
import { defined } from "../../src/spans/attributes.js";
import { FinishedSpan } from "../../src/spans/finished-span.js";

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
	links: span({}, undefined, [
		{
			context: context("00f067aa0ba902b7"),
			attributes: { "conntrace.connection.id": "c-1" },
		},
		{ context: { ...context("b7ad6b7169203331"), isRemote: true } },
	]),
};

for (const [name, example] of Object.entries(SPANS)) {
	test(`${name} stand as OpenTelemetry's own serializer writes them`, () => {
		const { head, tail } = envelopeOf(RESOURCE);
		const own = JSON.parse(`${head}${encodeSpan(example)}${tail}`);
		const theirs = JsonTraceSerializer.serializeRequest([example]);
		expect(own).toEqual(JSON.parse(Buffer.from(theirs ?? []).toString()));
	});
}

test("a time keeps its type where it happens to be a whole number", () => {
	const text = encodeSpan(
		span({ "conntrace.ttfb_ms": 5, "http.response.status_code": 200 }),
	);
	expect(JSON.parse(text).attributes).toEqual([
		{ key: "conntrace.ttfb_ms", value: { doubleValue: 5 } },
		{ key: "http.response.status_code", value: { intValue: 200 } },
	]);
});
