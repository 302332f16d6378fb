/** A value kept on an object that belongs to somebody else. */
export interface HiddenField<T> {
	/** @param owner anything that a program may give in its place has no value */
	get(owner: unknown): T | undefined;
	set(owner: object, value: T): void;
}

/** Which time of observation it is. */
let period = 0;

/** Forgets every value of every hidden field: nothing was seen for a while, and none of them is true any more. */
export function forgetHiddenFields(): void {
	period += 1;
}

/** A constructor that hands out the object it is given, so that a subclass adds its private field to that object. */
class Given {
	constructor(owner: object) {
		// biome-ignore lint/correctness/noConstructorReturn: this is what the class is for
		return owner;
	}
}

/**
 * Does what a WeakMap does, by a private field: no program can see it, not even by reflection, and a request costs
 * the garbage collector no table entry (in a busy process a third of the agent's time was spent on those, Node 20).
 */
export function hiddenField<T>(): HiddenField<T> {
	let field = privateField<T>();
	let itsPeriod = period;
	return {
		get: (owner) => (itsPeriod === period ? field.get(owner) : undefined),
		set(owner, value) {
			if (itsPeriod !== period) {
				// Another private name, which no object has yet.
				field = privateField();
				itsPeriod = period;
			}
			field.set(owner, value);
		},
	};
}

function privateField<T>(): HiddenField<T> {
	return class Field extends Given {
		#value: T;

		constructor(owner: object, value: T) {
			super(owner);
			this.#value = value;
		}

		static get(owner: unknown): T | undefined {
			return typeof owner === "object" && owner !== null && #value in owner
				? (owner as Field).#value
				: undefined;
		}

		static set(owner: object, value: T): void {
			if (#value in owner) (owner as Field).#value = value;
			else new Field(owner, value);
		}
	};
}
