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
	return readTraces(parseJson(text));
}

/** @throws OtlpError when the text is not JSON. */
export function parseJson(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch (error) {
		throw new OtlpError(`not JSON: ${(error as Error).message}`);
	}
}

/**
 * Like {@link parseTraces}, of JSON that is parsed already.
 * @throws OtlpError when it is not such an export.
 */
export function readTraces(json: unknown): Span[] {
	const spans: Span[] = [];
	try {
		each(object(json, "the top level"), "resourceSpans", (resourceSpans) => {
			const origin = readResource(resourceSpans.resource);
			each(resourceSpans, "scopeSpans", (scopeSpans) => {
				const scope = readScope(scopeSpans.scope);
				each(scopeSpans, "spans", (span) => {
					spans.push(readSpan(span, origin, scope));
				});
			});
		});
	} catch (error) {
		if (error instanceof Mismatch) throw new OtlpError(error.describe());
		// The stack has overflowed.
		if (error instanceof RangeError) throw new OtlpError("nested too deeply");
		throw error;
	}
	return spans;
}

type Json = Record<string, unknown>;

type Origin = Pick<Span, "service" | "process">;

type Scope = Pick<Span, "scope">;

function readResource(json: unknown): Origin {
	if (json === undefined) return {};
	const resource = object(json, "resource");
	const attributes = keyValues(resource, "attributes", "resource.");
	const service = attributes["service.name"];
	const process =
		attributes["service.instance.id"] ?? attributes["process.pid"];
	return {
		...(typeof service === "string" && { service }),
		...(process !== undefined && { process: String(process) }),
	};
}

function readScope(json: unknown): Scope {
	const name = json === undefined ? undefined : object(json, "scope").name;
	return typeof name === "string" && name !== "" ? { scope: name } : {};
}

function readSpan(json: Json, origin: Origin, scope: Scope): Span {
	const parent = json.parentSpanId ?? "";
	return {
		traceId: id(json.traceId, 32, "traceId"),
		spanId: id(json.spanId, 16, "spanId"),
		...(parent !== "" && { parentSpanId: id(parent, 16, "parentSpanId") }),
		name: string(json.name, "name"),
		...origin,
		...scope,
		startTime: int64(json.startTimeUnixNano, "startTimeUnixNano"),
		endTime: int64(json.endTimeUnixNano, "endTimeUnixNano"),
		attributes: keyValues(json, "attributes"),
	};
}

/** Without a prototype, for a key may have any name. */
function keyValues(
	owner: Json,
	member: string,
	prefix = "",
): Record<string, AttributeValue> {
	const values: Record<string, AttributeValue> = Object.create(null);
	each(
		owner,
		member,
		(entry) => {
			const key = string(entry.key, "key");
			const value = attributeValue(entry.value, "value");
			if (value !== undefined) values[key] = value;
		},
		prefix,
	);
	return values;
}

/** An `AnyValue`; undefined when it is empty, which the protocol allows. */
function attributeValue(
	json: unknown,
	path: string,
): AttributeValue | undefined {
	if (json === undefined || json === null) return undefined;
	const value = object(json, path);
	if (value.stringValue !== undefined) {
		return string(value.stringValue, path, ".stringValue");
	}
	if (value.boolValue !== undefined) {
		if (typeof value.boolValue === "boolean") return value.boolValue;
		throw new Mismatch(`${path}.boolValue`, "true or false", value.boolValue);
	}
	if (value.intValue !== undefined) {
		const integer = int64(value.intValue, path, ".intValue");
		const number = Number(integer);
		return Number.isSafeInteger(number) ? number : integer;
	}
	if (value.doubleValue !== undefined) {
		return double(value.doubleValue, path, ".doubleValue");
	}
	if (value.bytesValue !== undefined) {
		return string(value.bytesValue, path, ".bytesValue");
	}
	if (value.arrayValue !== undefined) {
		const array = object(value.arrayValue, `${path}.arrayValue`);
		const elements: AttributeValue[] = [];
		each(
			array,
			"values",
			(json) => {
				const element = attributeValue(json, "");
				if (element !== undefined) elements.push(element);
			},
			`${path}.arrayValue.`,
		);
		return elements;
	}
	if (value.kvlistValue !== undefined) {
		const list = object(value.kvlistValue, `${path}.kvlistValue`);
		return keyValues(list, "values", `${path}.kvlistValue.`);
	}
	return undefined;
}

/** What was found is not what must stand there. The path is put together on the way out, so that it costs nothing before. */
class Mismatch extends Error {
	constructor(
		readonly path: string,
		readonly expected: string,
		readonly got: unknown,
	) {
		super();
	}

	within(element: string): Mismatch {
		const dot = this.path === "" || this.path.startsWith(".") ? "" : ".";
		return new Mismatch(
			`${element}${dot}${this.path}`,
			this.expected,
			this.got,
		);
	}

	describe(): string {
		const shown = describe(this.got);
		const short = shown.length > 80 ? `${shown.slice(0, 80)}...` : shown;
		return `${this.path}: expected ${this.expected}, got ${short}`;
	}
}

/** Of lists and objects only that they are, for they may be nested more deeply than can be written out. */
function describe(json: unknown): string {
	if (json === undefined) return "nothing";
	if (Array.isArray(json)) return "an array";
	return typeof json === "object" && json !== null
		? "an object"
		: JSON.stringify(json);
}

/** Visits the objects of a list, which may be missing. */
function each(
	owner: Json,
	member: string,
	visit: (element: Json) => void,
	prefix = "",
): void {
	const list = owner[member] ?? [];
	if (!Array.isArray(list)) {
		throw new Mismatch(`${prefix}${member}`, "an array", list);
	}
	for (let index = 0; index < list.length; index++) {
		try {
			visit(object(list[index], ""));
		} catch (error) {
			if (!(error instanceof Mismatch)) throw error;
			throw error.within(`${prefix}${member}[${index}]`);
		}
	}
}

function object(json: unknown, path: string): Json {
	if (typeof json === "object" && json !== null && !Array.isArray(json)) {
		return json as Json;
	}
	throw new Mismatch(path, "an object", json);
}

function string(json: unknown, path: string, member = ""): string {
	if (typeof json === "string") return json;
	throw new Mismatch(path + member, "a string", json);
}

const HEXADECIMAL = /^[0-9a-f]+$/i;

function id(json: unknown, digits: number, path: string): string {
	if (
		typeof json === "string" &&
		json.length === digits &&
		HEXADECIMAL.test(json)
	) {
		return json.toLowerCase();
	}
	throw new Mismatch(path, `${digits} hexadecimal digits`, json);
}

/** No more digits than 64 bits have: what is longer takes its time to be read. */
const INTEGER = /^-?\d{1,20}$/;

/** Signed or unsigned. */
const MIN_INT64 = -(2n ** 63n);
const MAX_INT64 = 2n ** 64n - 1n;

function int64(json: unknown, path: string, member = ""): bigint {
	if (
		(typeof json === "string" && INTEGER.test(json)) ||
		(typeof json === "number" && Number.isInteger(json))
	) {
		const integer = BigInt(json);
		if (integer >= MIN_INT64 && integer <= MAX_INT64) return integer;
	}
	throw new Mismatch(path + member, "an integer of 64 bits", json);
}

function double(json: unknown, path: string, member = ""): number {
	if (typeof json === "number") return json;
	// What JSON numbers cannot say, protobuf's JSON says in words.
	if (json === "NaN" || json === "Infinity" || json === "-Infinity") {
		return Number(json);
	}
	throw new Mismatch(path + member, "a number", json);
}
