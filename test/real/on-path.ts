import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** The first program of these names on the PATH. */
export function onPath(...names: string[]): string | undefined {
	return (process.env.PATH ?? "")
		.split(delimiter)
		.flatMap((folder) => names.map((name) => join(folder, name)))
		.find((path) => existsSync(path));
}
