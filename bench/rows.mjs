// What is measured: each row is a plain run with something preloaded into it.
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const AGENT = here("../dist/register.js");

/**
 * Rows by name; `exports`: of which requests spans have to arrive at the collector for the row to count, `all` or
 * `fresh` ones.
 */
export const ROWS = {
	"plain again (control)": {},
	conntrace: {
		preload: AGENT,
		// A busy machine may take longer than what is kept for the end.
		env: { CONNTRACE_FLUSH_TIMEOUT: "20000" },
		exports: "all",
	},
	// Its spans are made and wait for the collector, as long as there is room: all that it does but the sending.
	"conntrace, no collector there": {
		preload: AGENT,
		env: {
			OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9",
			CONNTRACE_FLUSH_TIMEOUT: "0",
			OTEL_LOG_LEVEL: "none",
		},
	},
	// It watches, for the facts and the metrics that a program may want, and makes no spans.
	"conntrace, `OTEL_TRACES_EXPORTER=none`": {
		preload: AGENT,
		env: { OTEL_TRACES_EXPORTER: "none" },
	},
	"conntrace, `CONNTRACE_REUSED_RATIO=0`": {
		preload: AGENT,
		env: { CONNTRACE_REUSED_RATIO: "0" },
		exports: "fresh",
	},
	"a hand-written minimum": {
		preload: here("./peers/minimum.cjs"),
		exports: "all",
	},
	// It has nothing to say of a request on a connection that is there already.
	"OpenTelemetry dns + net": {
		preload: here("./peers/dns-and-net.cjs"),
		needs: "@opentelemetry/instrumentation-net",
		exports: "fresh",
	},
	"the same + http + aws-sdk + undici": {
		preload: here("./peers/every-client.cjs"),
		needs: "@opentelemetry/instrumentation-undici",
		exports: "all",
	},
	"OpenTelemetry auto-instrumentations": {
		preload: "@opentelemetry/auto-instrumentations-node/register",
		env: {
			OTEL_METRICS_EXPORTER: "none",
			OTEL_LOGS_EXPORTER: "none",
			OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
		},
		exports: "all",
	},
	"dd-trace 5": { preload: "dd-trace-5/init", exports: "all" },
	"dd-trace 6": { preload: "dd-trace/init", oldestNode: 22, exports: "all" },
};

/**
 * Why a row cannot be run; the peers come with an installation of their own, for they are large.
 * @param version of the Node.js that it would run on
 */
export function whyLeftOut(
	{ preload, needs = preload, oldestNode = 0 },
	version,
) {
	if (Number.parseInt(version, 10) < oldestNode)
		return `it does not run on Node ${version}`;
	try {
		if (needs) createRequire(import.meta.url).resolve(needs);
		return undefined;
	} catch {
		return "to have it, npm install --prefix bench";
	}
}
