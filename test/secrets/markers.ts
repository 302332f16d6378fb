import { randomBytes } from "node:crypto";

/**
 * Secrets that are found again in whatever form they come out. Each has a core that looks the same in plain text, in
 * JSON and percent-encoded, and characters around it that do not.
 */
export class Markers<Kind extends string> {
	/** What programs use as secrets, by their kind. */
	readonly secrets: Readonly<Record<Kind, string>>;
	private readonly forms = new Map<string, readonly string[]>();

	constructor(kinds: readonly Kind[]) {
		const secrets = kinds.map((kind) => {
			const core = `zq${randomBytes(9).toString("hex")}`;
			this.add(kind, core);
			return [kind, `${core}"/+&é`];
		});
		this.secrets = Object.fromEntries(secrets);
	}

	/** Looks for this text as well. */
	add(kind: string, text: string): void {
		this.forms.set(kind, formsOf(text));
	}

	/** The kinds of secrets that are in a text. */
	foundIn(text: string): string[] {
		return [...this.forms]
			.filter(([, forms]) => forms.some((form) => text.includes(form)))
			.map(([kind]) => kind);
	}
}

function formsOf(text: string): string[] {
	const encoded = [0, 1, 2].map((offset) => insideBase64(text, offset));
	return [
		text,
		...encoded,
		...encoded.map((form) => form.replaceAll("+", "-").replaceAll("/", "_")),
		Buffer.from(text).toString("hex"),
	];
}

/** What base64 makes of a text that begins so many bytes after a group of three, without what depends on its neighbours. */
function insideBase64(text: string, offset: number): string {
	const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(text)]);
	const whole = Math.floor((bytes.length * 8) / 6);
	return bytes.toString("base64").slice(Math.ceil((offset * 8) / 6), whole);
}
