import type { TestProject } from "vitest/node";
import { onPath } from "./on-path.js";

declare module "vitest" {
	export interface ProvidedContext {
		/** Path of a Chromium or Chrome; absent where there is none. */
		chromium: string | undefined;
	}
}

const NAMES = [
	"chromium",
	"chromium-browser",
	"google-chrome",
	"google-chrome-stable",
];

/** Finds the browser that the HTML report is tested in: CONNTRACE_TEST_CHROMIUM, or one on the PATH. */
export default function setup({ provide }: TestProject): void {
	const chromium = process.env.CONNTRACE_TEST_CHROMIUM || onPath(...NAMES);
	if (!chromium) {
		console.log(
			`SKIPPED: the HTML report in a browser: none of ${NAMES.join(", ")} is on the PATH (Debian: apt-get install chromium), and CONNTRACE_TEST_CHROMIUM names none`,
		);
	}
	provide("chromium", chromium);
}
