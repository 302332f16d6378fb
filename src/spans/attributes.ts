import type { Attributes, AttributeValue } from "@opentelemetry/api";

/**
 * Attributes as they are collected: names and values by turns, which costs a fraction of an object that grows by as
 * many properties.
 */
export class AttributeList {
	readonly items: AttributeValue[] = [];

	/** Adds an attribute unless its value is not known: a fact that did not happen is absent. */
	set(name: string, value: AttributeValue | undefined): void {
		if (value !== undefined) this.items.push(name, value);
	}

	toAttributes(): Attributes {
		const { items } = this;
		const attributes: Attributes = {};
		for (let index = 0; index < items.length; index += 2) {
			attributes[items[index] as string] = items[index + 1];
		}
		return attributes;
	}
}

/** The attributes of these whose value is known. */
export function defined(
	facts: Readonly<Record<string, AttributeValue | undefined>>,
): AttributeList {
	const attributes = new AttributeList();
	for (const name in facts) attributes.set(name, facts[name]);
	return attributes;
}
