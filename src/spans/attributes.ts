import type { Attributes, AttributeValue } from "@opentelemetry/api";

/** Attributes of which some may not apply. */
export type Defined = Record<string, AttributeValue | undefined>;

/** Leaves out what is not known: a fact that did not happen is absent. */
export function defined(attributes: Defined): Attributes {
	for (const name in attributes) {
		if (attributes[name] === undefined) delete attributes[name];
	}
	return attributes;
}
