import type { InstrumentationConfig } from "@opentelemetry/instrumentation";

/** What `new ConnectionInstrumentation()` takes; each option means what the variable named with it means. */
export interface ConnectionInstrumentationConfig extends InstrumentationConfig {
	/** Globs of hosts to trace, all by default (CONNTRACE_HOSTS). */
	readonly hosts?: readonly string[];
	/** Globs of hosts to leave out, none by default (CONNTRACE_IGNORE_HOSTS). */
	readonly ignoreHosts?: readonly string[];
	/** The share of plain requests on reused connections to keep, from 0 to 1; 1 by default (CONNTRACE_REUSED_RATIO). */
	readonly reusedRatio?: number;
	/** A request that takes longer than this many milliseconds is always kept (CONNTRACE_SLOW_MS). */
	readonly slowMs?: number;
	/** The time to live of names that are looked up is asked of their name server; false by default (CONNTRACE_DNS_TTL). */
	readonly dnsTtl?: boolean;
}
