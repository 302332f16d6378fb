import { resolve } from "node:path";
import type * as api from "@opentelemetry/api";
import type {
	ConnectionInstrumentation,
	ConnectionInstrumentationConfig,
} from "../../src/index.js";
import type { RunOptions } from "../support/run-program.js";
import { childrenOf, type Span } from "../support/spans.js";

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
	/** The names of other instrumentations in use: `http`, `undici`, `aws-sdk`, `auto` for all there are. */
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

/** A request span, by its name, who made it and what it says of its connection, and below it the spans under it. */
export function tree(spans: readonly Span[], under?: Span): string[] {
	const ids = new Set(spans.map(({ spanId }) => spanId));
	const level = under
		? childrenOf(spans, under)
		: spans.filter(({ parentSpanId }) => !ids.has(parentSpanId ?? ""));
	return level.flatMap((span) => [
		[span.name, maker(span), use(span)].filter(Boolean).join(" "),
		...tree(spans, span).map((line) => `  ${line}`),
	]);
}

/** As the tree shows it. */
export const SETUP_OVER_TLS = [
	"connection.setup",
	"  dns.lookup",
	"  tcp.connect",
	"  tls.handshake",
];

function maker({ scope }: Span): string {
	return scope === "conntrace"
		? ""
		: `by ${scope.replace("@opentelemetry/instrumentation-", "")}`;
}

/** Of a request span. */
function use({ attributes }: Span): string {
	if (!("http.request.method" in attributes)) return "";
	return attributes["conntrace.connection.reused"]
		? `request ${attributes["conntrace.connection.request_number"]}`
		: `${attributes["conntrace.connection.reason"] ?? ""}`;
}
