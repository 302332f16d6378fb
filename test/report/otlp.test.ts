import { describe, expect, it } from "vitest";
import { OtlpError, parseTraces } from "../../src/report/otlp.js";
import { duration } from "../../src/report/span.js";

const span = {
	traceId: "0123456789abcdef0123456789ABCDEF",
	spanId: "0123456789abcdef",
	name: "DynamoDB.PutItem",
	startTimeUnixNano: "1760000000000000001",
	endTimeUnixNano: "1760000000002500001",
};

function traces(...spans: object[]): string {
	return JSON.stringify({
		resourceSpans: [
			{
				resource: {
					attributes: [{ key: "service.name", value: { stringValue: "shop" } }],
				},
				scopeSpans: [{ scope: { name: "conntrace" }, spans }],
			},
		],
	});
}

describe("parseTraces", () => {
	it("reads ids, name, service and times to the nanosecond", () => {
		const [read] = parseTraces(traces(span));
		expect(read).toEqual({
			traceId: "0123456789abcdef0123456789abcdef",
			spanId: "0123456789abcdef",
			name: "DynamoDB.PutItem",
			service: "shop",
			scope: "conntrace",
			startTime: 1760000000000000001n,
			endTime: 1760000000002500001n,
			attributes: {},
		});
		expect(read && duration(read)).toBe(2.5);
	});

	it("knows the process by its resource", () => {
		const resourceSpans = (...attributes: object[]) =>
			JSON.stringify({
				resourceSpans: [
					{ resource: { attributes }, scopeSpans: [{ spans: [span] }] },
				],
			});
		const pid = { key: "process.pid", value: { intValue: "7" } };
		const instance = {
			key: "service.instance.id",
			value: { stringValue: "i" },
		};
		expect(parseTraces(resourceSpans(pid))[0]?.process).toBe("7");
		expect(parseTraces(resourceSpans(pid, instance))[0]?.process).toBe("i");
	});

	it("takes any attribute name for a name", () => {
		const [read] = parseTraces(
			traces({
				...span,
				attributes: [
					{ key: "__proto__", value: { stringValue: "a" } },
					{ key: "constructor", value: { stringValue: "b" } },
				],
			}),
		);
		expect(Object.entries(read?.attributes ?? {})).toEqual([
			["__proto__", "a"],
			["constructor", "b"],
		]);
		expect(read?.attributes.toString).toBeUndefined();
	});

	it("reads times given as numbers", () => {
		const [read] = parseTraces(
			traces({ ...span, startTimeUnixNano: 1000, endTimeUnixNano: 2000 }),
		);
		expect(read).toMatchObject({ startTime: 1000n, endTime: 2000n });
	});

	it("reads a parent, and takes an empty one for none", () => {
		const [child, root] = parseTraces(
			traces(
				{ ...span, parentSpanId: "fedcba9876543210" },
				{ ...span, parentSpanId: "" },
			),
		);
		expect(child?.parentSpanId).toBe("fedcba9876543210");
		expect(root).not.toHaveProperty("parentSpanId");
	});

	it("reads attributes of every type", () => {
		const value = (key: string, value: unknown) => ({ key, value });
		const [read] = parseTraces(
			traces({
				...span,
				attributes: [
					value("text", { stringValue: "" }),
					value("flag", { boolValue: false }),
					value("int as text", { intValue: "-7" }),
					value("int as number", { intValue: 7 }),
					value("large int", { intValue: "9223372036854775807" }),
					value("double", { doubleValue: 0.5 }),
					value("no number", { doubleValue: "NaN" }),
					value("bytes", { bytesValue: "AAE=" }),
					value("list", {
						arrayValue: { values: [{ stringValue: "a" }, { intValue: "1" }] },
					}),
					value("empty list", { arrayValue: {} }),
					value("map", {
						kvlistValue: { values: [value("a", { boolValue: true })] },
					}),
					value("empty", {}),
				],
			}),
		);
		expect(read?.attributes).toEqual({
			text: "",
			flag: false,
			"int as text": -7,
			"int as number": 7,
			"large int": 9223372036854775807n,
			double: 0.5,
			"no number": Number.NaN,
			bytes: "AAE=",
			list: ["a", 1],
			"empty list": [],
			map: { a: true },
		});
	});

	it("reads an export without spans", () => {
		expect(parseTraces("{}")).toEqual([]);
		expect(parseTraces('{"resourceSpans":[{"scopeSpans":[{}]}]}')).toEqual([]);
	});

	it.each([
		["{", "not JSON"],
		["[]", "the top level: expected an object, got an array"],
		['{"resourceSpans":{}}', "resourceSpans: expected an array, got an object"],
		[
			traces({ ...span, traceId: "AAECAwQFBgcICQoLDA0ODw==" }),
			'resourceSpans[0].scopeSpans[0].spans[0].traceId: expected 32 hexadecimal digits, got "AAECAwQFBgcICQoLDA0ODw=="',
		],
		[
			traces(span, { ...span, spanId: undefined }),
			"resourceSpans[0].scopeSpans[0].spans[1].spanId: expected 16 hexadecimal digits, got nothing",
		],
		[
			traces({ ...span, endTimeUnixNano: "soon" }),
			'spans[0].endTimeUnixNano: expected an integer of 64 bits, got "soon"',
		],
		[
			traces({ ...span, attributes: [{ key: "a", value: "b" }] }),
			'spans[0].attributes[0].value: expected an object, got "b"',
		],
		[
			traces({ ...span, attributes: [{ key: "a", value: { boolValue: 1 } }] }),
			"attributes[0].value.boolValue: expected true or false, got 1",
		],
		[
			traces({
				...span,
				attributes: [
					{
						key: "a",
						value: {
							kvlistValue: {
								values: [{ key: "b", value: { arrayValue: { values: [7] } } }],
							},
						},
					},
				],
			}),
			"spans[0].attributes[0].value.kvlistValue.values[0].value.arrayValue.values[0]: expected an object, got 7",
		],
		[
			'{"resourceSpans":[{"resource":{"attributes":[{"key":1}]}}]}',
			"resourceSpans[0].resource.attributes[0].key: expected a string, got 1",
		],
	])("says what is wrong with %s", (text, message) => {
		expect(() => parseTraces(text)).toThrow(OtlpError);
		expect(() => parseTraces(text)).toThrow(message);
	});
});
