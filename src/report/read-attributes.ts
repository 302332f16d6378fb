import { Attribute } from "../spans/names";

/** The attributes of a span, of whatever type. */
export type Attributes = Readonly<Record<string, unknown>>;

export function numberAt(
	attributes: Attributes,
	name: string,
): number | undefined {
	const value = attributes[name];
	return typeof value === "number" && Number.isFinite(value)
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
	return ratio !== undefined && ratio > 0 && ratio <= 1 ? 1 / ratio : 1;
}
