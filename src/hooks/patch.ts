type Method = (this: any, ...args: any[]) => any;

/**
 * Replaces a method in place. The replacement looks like the original to a program: same name, length,
 * enumerability and own properties (`util.promisify` finds its symbols), and no mark that it is wrapped, so that
 * another instrumentation wraps it instead of displacing it.
 */
export function replaceMethod(
	owner: object,
	name: string,
	wrap: (original: Method) => Method,
): void {
	const parent = Object.getPrototypeOf(owner);
	const original: Method = (owner as any)[name];
	const replacement = wrap(
		Object.hasOwn(owner, name) ? original : inherited(parent, name),
	);
	// The `constructor` of its prototype is the function itself.
	const { prototype, ...properties } =
		Object.getOwnPropertyDescriptors<any>(original);
	Object.defineProperties(replacement, properties);
	Object.defineProperty(owner, name, {
		...descriptorOf(owner, name),
		value: replacement,
	});
}

/** What stands on the parent when it is called: `domain` replaces the `emit` of all emitters when it is loaded. */
function inherited(parent: any, name: string): Method {
	return function (...args) {
		return parent[name].apply(this, args);
	};
}

function descriptorOf(
	owner: object | null,
	name: string,
): PropertyDescriptor | undefined {
	if (owner === null) return undefined;
	return (
		Object.getOwnPropertyDescriptor(owner, name) ??
		descriptorOf(Object.getPrototypeOf(owner), name)
	);
}
