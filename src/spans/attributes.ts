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
 * Attributes as they are collected: in parts, each an object literal. Those of one place have one shape, whatever is
 * known, which costs a fraction of an object that grows. A fact that did not happen is undefined in them, and absent
 * from what is exported.
 */
export class AttributeList {
	/** Attributes that many spans have in common; they do not change any more. Never without some of its own before. */
	shared = NONE;
	/** The list as it is exported, kept here where it is shared. */
	encoded?: Encoded;
	private readonly parts: Attributes[];

	constructor(...parts: Attributes[]) {
		this.parts = parts;
	}

	add(part: Attributes): void {
		this.parts.push(part);
	}

	include(shared: AttributeList): void {
		this.shared = this.shared === NONE ? [shared] : [...this.shared, shared];
	}

	/** How many parts were added so far. */
	get length(): number {
		return this.parts.length;
	}

	/** Its own attributes, one by one, for `put` to add to `to`. */
	each<T>(
		to: T,
		put: (to: T, name: string, value: AttributeValue) => void,
		from = 0,
	): void {
		const { parts } = this;
		for (let index = from; index < parts.length; index++) {
			const part = parts[index] as Attributes;
			for (const name of Object.keys(part)) {
				const value = part[name];
				if (value !== undefined) put(to, name, boundedValue(value));
			}
		}
	}

	toAttributes(): Attributes {
		const attributes: Attributes = {};
		for (const list of this.shared) list.each(attributes, assign);
		this.each(attributes, assign);
		return attributes;
	}

	/** Those of the parts that were added since there were so many. */
	attributesFrom(first: number): Attributes {
		const attributes: Attributes = {};
		this.each(attributes, assign, first);
		return attributes;
	}
}

function assign(
	attributes: Attributes,
	name: string,
	value: AttributeValue,
): void {
	attributes[name] = value;
}
