import { createHash } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** Where in the user's cache belongs what is made from these files; another state of them, another place. */
export function cached(name: string, sources: readonly string[]): string {
	const folder = join(
		process.env.XDG_CACHE_HOME || join(homedir(), ".cache"),
		"conntrace",
	);
	mkdirSync(folder, { recursive: true });
	const hash = createHash("sha256");
	for (const source of sources) hash.update(readFileSync(source));
	return join(folder, `${name}-${hash.digest("hex").slice(0, 12)}`);
}
