/** What `error.type` says of an error: its code, else its class. Never its message, which may hold anything. */
export function errorType(error: unknown): string {
	if (error instanceof Error) {
		const { code } = error as { code?: unknown };
		return typeof code === "string" ? code : error.name;
	}
	return "_OTHER";
}
