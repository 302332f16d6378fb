import type { Variables } from "./variables";

const NAME = "OTEL_RESOURCE_ATTRIBUTES";

/**
 * Reads OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES as OpenTelemetry specifies them. A Lambda function is a service
 * by its own name.
 */
export function readResourceAttributes(
	variables: Variables,
): Record<string, string> {
	const text = variables.text(NAME) ?? "";
	const attributes = parseAttributes(text);
	if (!attributes) {
		variables.warn(
			NAME,
			"key=value pairs, percent-encoded where they need it",
			"none",
		);
	}
	const functionName = variables.text("AWS_LAMBDA_FUNCTION_NAME");
	const serviceName = variables.text("OTEL_SERVICE_NAME");
	return {
		...(functionName !== undefined && { "service.name": functionName }),
		...attributes,
		...(serviceName !== undefined && { "service.name": serviceName }),
	};
}

/** One pair that cannot be read spoils all, says the specification. */
function parseAttributes(text: string): Record<string, string> | undefined {
	const attributes: Record<string, string> = {};
	for (const pair of text.split(",")) {
		if (pair.trim() === "") continue;
		const [key, value, ...rest] = pair.split("=").map(decode);
		if (!key || value === undefined || rest.length > 0) return undefined;
		attributes[key] = value;
	}
	return attributes;
}

function decode(text: string): string | undefined {
	try {
		return decodeURIComponent(text.trim());
	} catch {
		return undefined;
	}
}
