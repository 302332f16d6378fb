import { resolve } from "node:path";
import type * as api from "@opentelemetry/api";
import type {
	ConnectionInstrumentation,
	ConnectionInstrumentationConfig,
} from "../../src/index.js";
import type { RunOptions } from "../support/run-program.js";

declare global {
	/** The API of the program under test. */
	var opentelemetry: typeof api;
	var library: {
		readonly instrumentation: ConnectionInstrumentation;
		readonly ConnectionInstrumentation: typeof ConnectionInstrumentation;
		/** As the program has it, whose instrumentations see what it loads. */
		readonly require: NodeJS.Require;
	};
}

/** The generations of OpenTelemetry that the library works with; the second is said to run from Node 22.15 on. */
export const GENERATIONS = ["otel-2", "otel-3"] as const;

export type Generation = (typeof GENERATIONS)[number];

export interface LibraryOptions {
	readonly config?: ConnectionInstrumentationConfig;
	/** The names of other instrumentations in use: `http`, `undici`, `aws-sdk`. */
	readonly others?: readonly string[];
}

/** Runs a program with the library in its own set-up, in place of the agent. */
export function withLibrary(
	generation: Generation,
	{ config = {}, others = [] }: LibraryOptions = {},
): RunOptions {
	return {
		register: resolve(`test/library/${generation}/register.cjs`),
		environment: {
			TEST_CONFIG: JSON.stringify(config),
			...(others.length > 0 && { TEST_INSTRUMENTATIONS: others.join(" ") }),
		},
	};
}
