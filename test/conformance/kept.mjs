import {
	existsSync,
	mkdirSync,
	mkdtempSync,
	renameSync,
	rmSync,
} from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

/** The tests cannot be had on this machine; the message says why. */
export class Unavailable extends Error {}

/**
 * A directory in the user's cache, filled once.
 * @param {string} name of the directory
 * @param {(work: string) => string} fill gets an empty directory and returns the one, in it, that is to be kept
 * @returns {string}
 */
export function kept(name, fill) {
	const cache = join(
		process.env.XDG_CACHE_HOME || join(homedir(), ".cache"),
		"conntrace",
	);
	const directory = join(cache, name);
	if (!existsSync(directory)) {
		mkdirSync(dirname(directory), { recursive: true });
		const work = mkdtempSync(join(cache, "unfinished-"));
		try {
			renameSync(fill(work), directory);
		} finally {
			rmSync(work, { recursive: true, force: true });
		}
	}
	return directory;
}
