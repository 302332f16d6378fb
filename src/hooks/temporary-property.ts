/** Runs something while a property has another value, and leaves no trace of that. Where it may have none, it has not. */
export function withProperty<T>(
	owner: object,
	name: string,
	value: unknown,
	run: () => T,
): T {
	const before = Object.getOwnPropertyDescriptor(owner, name);
	const fixed = before?.configurable === false;
	Reflect.defineProperty(
		owner,
		name,
		fixed ? { value } : { value, configurable: true, writable: true },
	);
	try {
		return run();
	} finally {
		if (before) Reflect.defineProperty(owner, name, before);
		else Reflect.deleteProperty(owner, name);
	}
}
