// A program's own OpenTelemetry with the library in it, as a file to preload: what it exports goes to CONNTRACE_FILE as
// the agent's own export would.
const { appendFileSync } = require("node:fs");
const api = require("@opentelemetry/api");
const { registerInstrumentations } = require("@opentelemetry/instrumentation");
const { JsonTraceSerializer } = require("@opentelemetry/otlp-transformer");
const {
	NodeTracerProvider,
	SimpleSpanProcessor,
} = require("@opentelemetry/sdk-trace-node");
const { ConnectionInstrumentation } = require("../../dist/index.js");

const exporter = {
	export(spans, done) {
		const line = JsonTraceSerializer.serializeRequest(spans);
		appendFileSync(process.env.CONNTRACE_FILE, `${Buffer.from(line)}\n`);
		done({ code: 0 });
	},
	shutdown: async () => {},
};
const provider = new NodeTracerProvider({
	spanProcessors: [new SimpleSpanProcessor(exporter)],
});
provider.register();
const instrumentation = new ConnectionInstrumentation(
	JSON.parse(process.env.TEST_CONFIG ?? "{}"),
);
registerInstrumentations({ instrumentations: [instrumentation] });

globalThis.opentelemetry = api;
globalThis.instrumentation = instrumentation;
