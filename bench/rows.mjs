// What is measured: each row is a plain run with something preloaded into it.
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const AGENT = here("../dist/register.js");

/** Rows by name; `exports`: spans have to arrive at the collector for the row to count. */
export const ROWS = {
	"plain again (control)": {},
	conntrace: { preload: AGENT, exports: true },
	"conntrace, exporting nothing": {
		preload: AGENT,
		env: { OTEL_TRACES_EXPORTER: "none" },
	},
	"conntrace, plain reused left out": {
		preload: AGENT,
		env: { CONNTRACE_REUSED_RATIO: "0" },
	},
	// It has nothing to say of a request on a connection that is there already.
	"OpenTelemetry dns + net": { preload: here("./peers/dns-and-net.cjs") },
	"OpenTelemetry auto-instrumentations": {
		preload: "@opentelemetry/auto-instrumentations-node/register",
		env: {
			OTEL_METRICS_EXPORTER: "none",
			OTEL_LOGS_EXPORTER: "none",
			OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
		},
		exports: true,
	},
	"dd-trace": { preload: "dd-trace/init", datadog: true, exports: true },
};
