import type { Span } from "@opentelemetry/api";
import type { InstrumentationConfig } from "@opentelemetry/instrumentation";
import { readTracing, type Tracing } from "../agent/config";
import { Variables } from "../agent/variables";

/** A request as a hook is given it. */
export interface HookedRequest {
	readonly method: string;
	/** As it stands on the wire, with the values of its query. */
	readonly url: string;
	readonly host: string;
	readonly port: number;
	/** A header of the request, by its name in lower case. */
	header(name: string): string | undefined;
}

/** A response as a hook is given it. */
export interface HookedResponse {
	readonly statusCode: number;
	/** A header of the response, by its name in lower case. */
	header(name: string): string | undefined;
}

/** Whether a request has a span of its own, or is told of on the span that another instrumentation has made for it. */
export type RequestSpans = "attach" | "own";

/** What `new ConnectionInstrumentation()` takes. An option left out is what the variable named with it says. */
export interface ConnectionInstrumentationConfig extends InstrumentationConfig {
	/** Globs of the hosts to trace (CONNTRACE_HOSTS). Default: all. */
	readonly hosts?: readonly string[];
	/** Globs of hosts to leave out (CONNTRACE_IGNORE_HOSTS). Default: none. */
	readonly ignoreHosts?: readonly string[];
	/** The share of plain requests on reused connections that is kept, from 0 to 1 (CONNTRACE_REUSED_RATIO). Default: 1. */
	readonly reusedRatio?: number;
	/** A request that takes longer is always kept, in milliseconds (CONNTRACE_SLOW_MS). Default: none counts as slow. */
	readonly slowMs?: number;
	/** Whether the name server is asked for the time to live of names looked up (CONNTRACE_DNS_TTL). Default: false. */
	readonly dnsTtl?: boolean;
	/**
	 * `attach`: where `@opentelemetry/instrumentation-http`, `-undici` or `-aws-sdk` has made a span for the request, the
	 * facts go on it, and the setup of its connection stands below it. `own`: the request has a span of its own there.
	 * Default: `attach`.
	 */
	readonly requestSpans?: RequestSpans;
	/** Adds attributes of yours, when the request is over and its span is about to end. */
	readonly requestHook?: (span: Span, request: HookedRequest) => void;
	/** The same, after `requestHook` and only if a response came. */
	readonly responseHook?: (span: Span, response: HookedResponse) => void;
}

/** The options that mean what a variable means. */
const VARIABLES = {
	hosts: "CONNTRACE_HOSTS",
	ignoreHosts: "CONNTRACE_IGNORE_HOSTS",
	reusedRatio: "CONNTRACE_REUSED_RATIO",
	slowMs: "CONNTRACE_SLOW_MS",
	dnsTtl: "CONNTRACE_DNS_TTL",
} as const satisfies Partial<
	Record<keyof ConnectionInstrumentationConfig, string>
>;

export interface ReadOptions {
	readonly tracing: Tracing;
	readonly requestSpans: RequestSpans;
	/** One line for each value that could not be read, with what was expected and what is used. */
	readonly warnings: readonly string[];
}

/** Reads the options, and the variables for those that are left out. */
export function readOptions(
	config: ConnectionInstrumentationConfig,
	env: NodeJS.ProcessEnv,
): ReadOptions {
	const given: Record<string, string> = {};
	const names: Record<string, string> = { REQUEST_SPANS: "requestSpans" };
	for (const [option, variable] of Object.entries(VARIABLES)) {
		const value = config[option as keyof typeof VARIABLES];
		if (value === undefined) continue;
		given[variable] = typeof value === "boolean" ? `${+value}` : `${value}`;
		names[variable] = option;
	}
	if (config.requestSpans !== undefined) {
		given.REQUEST_SPANS = String(config.requestSpans);
	}
	const variables = new Variables({ ...env, ...given }, names);
	return {
		tracing: readTracing(variables),
		requestSpans: variables.read<RequestSpans>(
			"REQUEST_SPANS",
			"attach",
			"attach or own",
			(value) => (value === "attach" || value === "own" ? value : undefined),
		),
		warnings: variables.warnings,
	};
}
