// Builds dist/ with esbuild: each entry becomes one file.
import { rm } from "node:fs/promises";
import { build } from "esbuild";

const shared = {
	bundle: true,
	platform: "node",
	target: "node20.6",
	format: "cjs",
	sourcemap: true,
	logLevel: "warning",
};

await rm("dist", { recursive: true, force: true });
await build({
	...shared,
	entryPoints: { register: "src/register.ts" },
	outdir: "dist",
	minify: true,
	// Names are kept where a program could see them; see `named` in src/hooks/patch.ts.
	mainFields: ["module", "main"],
});
await build({
	...shared,
	entryPoints: { demo: "src/demo/main.ts" },
	outdir: "dist",
	packages: "external",
});
