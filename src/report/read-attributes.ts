import { Attribute } from "../spans/names";

/** The attributes of a span, of whatever type. */
export type Attributes = Readonly<Record<string, unknown>>;

/** No time and no count of an agent is larger, and however many of these are summed up, the sum is a number. */
const MAX_NUMBER = 1e15;

/** Requests that one stands for, at most. */
const MAX_WEIGHT = 1e9;

export function numberAt(
	attributes: Attributes,
	name: string,
): number | undefined {
	const value = attributes[name];
	return typeof value === "number" && Math.abs(value) <= MAX_NUMBER
		? value
		: undefined;
}

export function textAt(
	attributes: Attributes,
	name: string,
): string | undefined {
	const value = attributes[name];
	return typeof value === "string" && value !== "" ? value : undefined;
}

export function textsAt(
	attributes: Attributes,
	name: string,
): string[] | undefined {
	const value = attributes[name];
	if (!Array.isArray(value)) return undefined;
	const texts = value.filter((item) => typeof item === "string");
	return texts.length > 0 ? texts : undefined;
}

/** `host:port` of a request or a setup. */
export function hostOf(attributes: Attributes): string {
	const host = textAt(attributes, Attribute.serverAddress) ?? "(unknown host)";
	const port = numberAt(attributes, Attribute.serverPort);
	return port === undefined ? host : `${host}:${port}`;
}

/** Whether a span of conntrace tells of a request. */
export function isRequest(attributes: Attributes): boolean {
	return attributes[Attribute.httpRequestMethod] !== undefined;
}

/** How many requests a recorded one stands for, where others were sampled out. */
export function weightOf(attributes: Attributes): number {
	const ratio = numberAt(attributes, Attribute.samplingRatio);
	return ratio !== undefined && ratio > 0 && ratio <= 1
		? Math.min(1 / ratio, MAX_WEIGHT)
		: 1;
}
