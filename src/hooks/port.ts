const MAX_PORT = 65_535;

/** A port as Node reads it, which takes nothing but numbers and text. */
export function portOf(value: unknown): number {
	return typeof value === "number" || typeof value === "string"
		? Number(value)
		: Number.NaN;
}

/** Whether Node takes it for a port; to any other it makes no connection. */
export function isPort(port: number): boolean {
	return Number.isInteger(port) && port >= 0 && port <= MAX_PORT;
}
