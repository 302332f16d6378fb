import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** Builds the agent with a look at what it holds in memory, as a file to preload. */
export async function buildCountedAgent(outfile) {
	await build({
		entryPoints: [here("counted-agent.ts")],
		outfile,
		bundle: true,
		platform: "node",
		logLevel: "error",
	});
}
