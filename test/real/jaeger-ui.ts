import { existsSync } from "node:fs";
import { join } from "node:path";
import type { TestProject } from "vitest/node";

declare module "vitest" {
	export interface ProvidedContext {
		/** Folder with a build of Jaeger's pages; absent where there is none. */
		jaegerUi: string | undefined;
	}
}

/** Jaeger's Go module has a placeholder where its pages belong, which are published as source alone. */
const HOW =
	"in a checkout of github.com/jaegertracing/jaeger-ui at v1.76.0, with Node 24: npm ci && npm run build; then CONNTRACE_JAEGER_UI=<checkout>/packages/jaeger-ui/build";

/** Takes the build of Jaeger's pages that CONNTRACE_JAEGER_UI names. */
export default function setup({ provide }: TestProject): void {
	const folder = process.env.CONNTRACE_JAEGER_UI || undefined;
	if (!folder) {
		console.log(
			`SKIPPED: Jaeger's pages in a browser: CONNTRACE_JAEGER_UI names no build of them (${HOW})`,
		);
	} else if (!existsSync(join(folder, "index.html"))) {
		throw new Error(`CONNTRACE_JAEGER_UI: no index.html in ${folder} (${HOW})`);
	}
	provide("jaegerUi", folder);
}
