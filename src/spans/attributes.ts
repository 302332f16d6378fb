import type { Attributes, AttributeValue } from "@opentelemetry/api";

const NONE: readonly AttributeList[] = [];

/** More than anybody reads, and less than any backend refuses. */
export const DEFAULT_VALUE_LENGTH = 4096;

let maxLength = DEFAULT_VALUE_LENGTH;

/** Texts in attributes are cut to this length from now on, in UTF-16 code units. */
export function limitValueLength(length: number): void {
	maxLength = length;
}

/** A text that may come from anywhere, within the limit, and such that UTF-8 can say it: no half of a surrogate pair. */
export function bounded(text: string): string {
	if (text.length > maxLength) {
		// A copy, for a slice would hold on to the whole text.
		return Buffer.from(text.slice(0, maxLength)).toString();
	}
	return text.isWellFormed() ? text : text.toWellFormed();
}

function boundedValue(value: AttributeValue): AttributeValue {
	if (typeof value === "string") return bounded(value);
	if (!Array.isArray(value)) return value;
	return value.map((item) =>
		typeof item === "string" ? bounded(item) : item,
	) as AttributeValue;
}

/** Something as it is exported, in each encoding that asked for it so far. */
export interface Encoded {
	json?: Buffer;
	protobuf?: Buffer;
}

/**
 * Attributes as they are collected: names and values by turns, which costs a fraction of an object that grows by as
 * many properties.
 */
export class AttributeList {
	readonly items: AttributeValue[] = [];
	/** Attributes that many spans have in common; they do not change any more. Never without some of its own before. */
	shared = NONE;
	/** The list as it is exported, kept here where it is shared. */
	encoded?: Encoded;

	/** Adds an attribute unless its value is not known: a fact that did not happen is absent. */
	set(name: string, value: AttributeValue | undefined): void {
		if (value !== undefined) this.items.push(name, boundedValue(value));
	}

	include(shared: AttributeList): void {
		this.shared = this.shared === NONE ? [shared] : [...this.shared, shared];
	}

	toAttributes(): Attributes {
		const attributes: Attributes = {};
		for (const list of this.shared) {
			Object.assign(attributes, list.toAttributes());
		}
		return Object.assign(attributes, this.attributesFrom(0));
	}

	/** Those that were set since there were so many items. */
	attributesFrom(first: number): Attributes {
		const { items } = this;
		const attributes: Attributes = {};
		for (let index = first; index < items.length; index += 2) {
			attributes[items[index] as string] = items[index + 1];
		}
		return attributes;
	}
}
