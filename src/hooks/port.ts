const MAX_PORT = 65_535;

/** Whether Node takes it for a port; to any other it makes no connection. */
export function isPort(port: number): boolean {
	return Number.isInteger(port) && port >= 0 && port <= MAX_PORT;
}
