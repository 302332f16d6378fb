import { fstatSync } from "node:fs";
import type * as Tty from "node:tty";

const NAMES = ["stdin", "stdout", "stderr"] as const;

/**
 * Leaves the standard streams as the program found them, for others that share them: a terminal out of raw mode, pipes
 * blocking. Node does so before a signal ends it, but not when somebody receives that signal. Checked on Node 20, 22, 24,
 * 26.
 */
export function restoreStandardStreams(): void {
	// It may live on, and reads and writes as before.
	if (process.pid === 1) return;
	const { isatty } = require("node:tty") as typeof Tty;
	// Asked for, a stream would be made.
	if (isatty(0) && process.stdin?.isRaw) process.stdin.setRawMode(false);
	for (const [descriptor, name] of NAMES.entries()) {
		if (!isPipe(descriptor)) continue;
		(process[name] as any)?._handle?.setBlocking?.(true);
	}
}

function isPipe(descriptor: number): boolean {
	try {
		const status = fstatSync(descriptor);
		return status.isFIFO() || status.isSocket();
	} catch {
		// The program has closed it.
		return false;
	}
}
