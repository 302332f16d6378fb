import type * as Tty from "node:tty";

/**
 * Puts the terminal back into the mode that the program found it in. Node does so before a signal ends it, but not when
 * somebody receives that signal. Checked on Node 20, 22, 24, 26.
 */
export function restoreTerminal(): void {
	const { isatty } = require("node:tty") as typeof Tty;
	// Asked for, `process.stdin` would be made.
	if (isatty(0) && process.stdin.isRaw) process.stdin.setRawMode(false);
}
