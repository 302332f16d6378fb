// A module of the sources or the tests, for a measurement that needs it.
import { join, parse } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";

/** @param directory for what is made of it on the way */
export async function loadSource(file, directory) {
	const outfile = join(directory, `${parse(file).name}.mjs`);
	await build({
		entryPoints: [file],
		outfile,
		bundle: true,
		platform: "node",
		format: "esm",
	});
	return import(pathToFileURL(outfile));
}
