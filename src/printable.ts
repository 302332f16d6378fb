/**
 * C0 and C1 controls, and the marks that turn the direction of text: what could change the terminal, or make it show
 * something else than what is there.
 */
const UNSAFE = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** Text from a traced program, safe to write to a terminal on one line: control characters are shown as `\x1b` or `\u202e`. */
export function printable(text: string): string {
	return text.replace(UNSAFE, (character) => {
		const code = character.charCodeAt(0);
		return code < 0x100
			? `\\x${code.toString(16).padStart(2, "0")}`
			: `\\u${code.toString(16).padStart(4, "0")}`;
	});
}
