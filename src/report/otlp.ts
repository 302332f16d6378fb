import type { AttributeValue, Span } from "./span.js";

/** The text is not OTLP JSON; the message says where it departs from it and what was expected there. */
export class OtlpError extends Error {
	override name = "OtlpError";
}

/**
 * Reads the spans of an OTLP JSON trace export (an `ExportTraceServiceRequest`).
 * 64-bit integers may stand as strings or as numbers; unknown members are ignored, as the protocol asks.
 * @throws OtlpError when the text is not such an export.
 */
export function parseTraces(text: string): Span[] {
	let json: unknown;
	try {
		json = JSON.parse(text);
	} catch (error) {
		throw new OtlpError(`not JSON: ${(error as Error).message}`);
	}
	const spans: Span[] = [];
	const root = object(json, "the top level");
	for (const [resourceSpans, path] of objects(root, "resourceSpans", "")) {
		const resource =
			resourceSpans.resource === undefined
				? {}
				: object(resourceSpans.resource, `${path}.resource`);
		const service = attributes(resource, `${path}.resource`)["service.name"];
		for (const [scopeSpans, scopePath] of objects(
			resourceSpans,
			"scopeSpans",
			`${path}.`,
		)) {
			for (const [span, spanPath] of objects(
				scopeSpans,
				"spans",
				`${scopePath}.`,
			)) {
				spans.push(parseSpan(span, spanPath, service));
			}
		}
	}
	return spans;
}

type Json = Record<string, unknown>;

function parseSpan(
	json: Json,
	path: string,
	service: AttributeValue | undefined,
): Span {
	const parent = json.parentSpanId ?? "";
	return {
		traceId: id(json.traceId, 32, `${path}.traceId`),
		spanId: id(json.spanId, 16, `${path}.spanId`),
		...(parent !== "" && {
			parentSpanId: id(parent, 16, `${path}.parentSpanId`),
		}),
		name: string(json.name, `${path}.name`),
		...(typeof service === "string" && { service }),
		startTime: int64(json.startTimeUnixNano, `${path}.startTimeUnixNano`),
		endTime: int64(json.endTimeUnixNano, `${path}.endTimeUnixNano`),
		attributes: attributes(json, path),
	};
}

function attributes(
	owner: Json,
	path: string,
): Readonly<Record<string, AttributeValue>> {
	return Object.fromEntries(
		keyValues(owner, "attributes", path).filter(isPresent),
	);
}

function keyValues(
	owner: Json,
	member: string,
	path: string,
): [string, AttributeValue | undefined][] {
	return objects(owner, member, `${path}.`).map(([entry, entryPath]) => [
		string(entry.key, `${entryPath}.key`),
		attributeValue(entry.value, `${entryPath}.value`),
	]);
}

function isPresent(
	entry: [string, AttributeValue | undefined],
): entry is [string, AttributeValue] {
	return entry[1] !== undefined;
}

/** An `AnyValue`; undefined when it is empty, which the protocol allows. */
function attributeValue(
	json: unknown,
	path: string,
): AttributeValue | undefined {
	if (json === undefined || json === null) return undefined;
	const value = object(json, path);
	if (value.stringValue !== undefined) {
		return string(value.stringValue, `${path}.stringValue`);
	}
	if (value.boolValue !== undefined) {
		if (typeof value.boolValue === "boolean") return value.boolValue;
		throw unexpected(`${path}.boolValue`, "true or false", value.boolValue);
	}
	if (value.intValue !== undefined) {
		const integer = int64(value.intValue, `${path}.intValue`);
		const number = Number(integer);
		return Number.isSafeInteger(number) ? number : integer;
	}
	if (value.doubleValue !== undefined) {
		return double(value.doubleValue, `${path}.doubleValue`);
	}
	if (value.bytesValue !== undefined) {
		return string(value.bytesValue, `${path}.bytesValue`);
	}
	if (value.arrayValue !== undefined) {
		const array = object(value.arrayValue, `${path}.arrayValue`);
		return objects(array, "values", `${path}.arrayValue.`)
			.map(([element, elementPath]) => attributeValue(element, elementPath))
			.filter((element) => element !== undefined);
	}
	if (value.kvlistValue !== undefined) {
		const list = object(value.kvlistValue, `${path}.kvlistValue`);
		return Object.fromEntries(
			keyValues(list, "values", `${path}.kvlistValue`).filter(isPresent),
		);
	}
	return undefined;
}

function objects(
	owner: Json,
	member: string,
	prefix: string,
): [Json, string][] {
	const list = owner[member] ?? [];
	if (!Array.isArray(list)) {
		throw unexpected(`${prefix}${member}`, "an array", list);
	}
	return list.map((element, index) => {
		const path = `${prefix}${member}[${index}]`;
		return [object(element, path), path];
	});
}

function object(json: unknown, path: string): Json {
	if (typeof json === "object" && json !== null && !Array.isArray(json)) {
		return json as Json;
	}
	throw unexpected(path, "an object", json);
}

function string(json: unknown, path: string): string {
	if (typeof json === "string") return json;
	throw unexpected(path, "a string", json);
}

function id(json: unknown, digits: number, path: string): string {
	if (
		typeof json === "string" &&
		json.length === digits &&
		/^[0-9a-f]+$/i.test(json)
	) {
		return json.toLowerCase();
	}
	throw unexpected(path, `${digits} hexadecimal digits`, json);
}

function int64(json: unknown, path: string): bigint {
	if (typeof json === "string" && /^-?\d+$/.test(json)) return BigInt(json);
	if (typeof json === "number" && Number.isInteger(json)) return BigInt(json);
	throw unexpected(path, "an integer", json);
}

function double(json: unknown, path: string): number {
	if (typeof json === "number") return json;
	// What JSON numbers cannot say, protobuf's JSON says in words.
	if (json === "NaN" || json === "Infinity" || json === "-Infinity") {
		return Number(json);
	}
	throw unexpected(path, "a number", json);
}

function unexpected(path: string, expected: string, got: unknown): OtlpError {
	const shown = got === undefined ? "nothing" : JSON.stringify(got);
	const short = shown.length > 80 ? `${shown.slice(0, 80)}...` : shown;
	return new OtlpError(`${path}: expected ${expected}, got ${short}`);
}
