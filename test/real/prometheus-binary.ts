import type { TestProject } from "vitest/node";
import { onPath } from "./on-path.js";

declare module "vitest" {
	export interface ProvidedContext {
		/** Path of a Prometheus; absent where there is none. */
		prometheus: string | undefined;
	}
}

export default function setup({ provide }: TestProject): void {
	const prometheus = onPath("prometheus");
	if (!prometheus) {
		console.log(
			"SKIPPED: the metrics in a real Prometheus: it is not on the PATH (Debian: apt-get install prometheus)",
		);
	}
	provide("prometheus", prometheus);
}
