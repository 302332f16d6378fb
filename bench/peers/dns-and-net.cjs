// The stock instrumentation packages that the agent builds on, as their documentation sets them up.
const {
	OTLPTraceExporter,
} = require("@opentelemetry/exporter-trace-otlp-http");
const { registerInstrumentations } = require("@opentelemetry/instrumentation");
const { DnsInstrumentation } = require("@opentelemetry/instrumentation-dns");
const { NetInstrumentation } = require("@opentelemetry/instrumentation-net");
const {
	BatchSpanProcessor,
	NodeTracerProvider,
} = require("@opentelemetry/sdk-trace-node");

const provider = new NodeTracerProvider({
	spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
});
provider.register();
registerInstrumentations({
	instrumentations: [new DnsInstrumentation(), new NetInstrumentation()],
});
process.on("beforeExit", () => provider.forceFlush());
