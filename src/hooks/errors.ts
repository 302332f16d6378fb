/** What `error.type` says of an error: its code, else its class. Never its message, which may hold anything. */
export function errorType(error: unknown): string {
	if (!(error instanceof Error)) return OTHER;
	const { code } = error as { code?: unknown };
	const type: unknown = typeof code === "string" ? code : error.name;
	return typeof type === "string" ? errorName(type) : OTHER;
}

/** A code or a class as it is, if it looks like one. */
export function errorName(name: string): string {
	return NAME.test(name) ? name : OTHER;
}

/** Of an error that has no name to tell. */
export const OTHER = "_OTHER";

/** Programs may put anything into the fields of an error; codes and classes look like this. */
const NAME = /^[\w$.-]{1,100}$/;
