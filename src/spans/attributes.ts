import type { Attributes, AttributeValue } from "@opentelemetry/api";

const NONE: readonly AttributeList[] = [];

/**
 * Attributes as they are collected: names and values by turns, which costs a fraction of an object that grows by as
 * many properties.
 */
export class AttributeList {
	readonly items: AttributeValue[] = [];
	/** Attributes that many spans have in common; they do not change any more. Never without some of its own before. */
	shared = NONE;
	/** The list as it is exported, kept here where it is shared; opaque here. */
	encoded: unknown;

	/** Adds an attribute unless its value is not known: a fact that did not happen is absent. */
	set(name: string, value: AttributeValue | undefined): void {
		if (value !== undefined) this.items.push(name, value);
	}

	include(shared: AttributeList): void {
		this.shared = this.shared === NONE ? [shared] : [...this.shared, shared];
	}

	toAttributes(): Attributes {
		const { items } = this;
		const attributes: Attributes = {};
		for (const list of this.shared) {
			Object.assign(attributes, list.toAttributes());
		}
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
