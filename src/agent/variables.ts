/** How much of a value is repeated, in characters. */
const SHOWN = 100;

/** Reads environment variables; an empty value counts as unset, as OpenTelemetry has it. */
export class Variables {
	/** One line for each value that could not be read, with what was expected and what is used. */
	readonly warnings: string[] = [];

	/** @param names what a value is called that was not given as a variable */
	constructor(
		private readonly env: NodeJS.ProcessEnv,
		private readonly names: Readonly<Record<string, string>> = {},
	) {}

	readonly text = (name: string): string | undefined =>
		this.env[name]?.trim() || undefined;

	/**
	 * @param expected what a value has to look like, in words
	 * @param parse `undefined` for a value that cannot be read
	 */
	readonly read = <T>(
		name: string,
		fallback: T,
		expected: string,
		parse: (value: string) => T | undefined,
	): T => {
		const value = this.text(name);
		if (value === undefined) return fallback;
		const parsed = parse(value);
		if (parsed !== undefined) return parsed;
		this.warn(
			`${this.names[name] ?? name}=${value.slice(0, SHOWN)}${value.length > SHOWN ? "..." : ""}`,
			expected,
			String(fallback ?? "none"),
		);
		return fallback;
	};

	/**
	 * Says a thing once.
	 * @param what the variable, with its value unless that may be a secret
	 */
	warn(what: string, expected: string, used: string): void {
		const line = `${what}: expected ${expected}; using ${used}`;
		if (!this.warnings.includes(line)) this.warnings.push(line);
	}
}

export function parseNumber(
	value: string,
	form: RegExp,
	max: number,
): number | undefined {
	if (!form.test(value)) return undefined;
	const number = Number(value);
	return number <= max ? number : undefined;
}
