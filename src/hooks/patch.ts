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
	const descriptor = Object.getOwnPropertyDescriptor(owner, name);
	const original: Method = (owner as any)[name];
	const replacement = wrap(original);
	Object.defineProperties(
		replacement,
		Object.getOwnPropertyDescriptors(original),
	);
	Object.defineProperty(owner, name, {
		configurable: true,
		enumerable: true,
		writable: true,
		...descriptor,
		value: replacement,
	});
}
