// OpenTelemetry as its documentation sets it up: a batch to a collector, and the instrumentations that it is given.
const {
	OTLPTraceExporter,
} = require("@opentelemetry/exporter-trace-otlp-http");
const { registerInstrumentations } = require("@opentelemetry/instrumentation");
const {
	BatchSpanProcessor,
	NodeTracerProvider,
} = require("@opentelemetry/sdk-trace-node");

exports.setUp = (instrumentations) => {
	const tracerProvider = new NodeTracerProvider({
		spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
	});
	tracerProvider.register();
	registerInstrumentations({ tracerProvider, instrumentations });
	// What Node's own clients have loaded is patched when somebody asks for it.
	for (const name of ["dns", "dns/promises", "net"]) require(name);
	process.on("beforeExit", () => tracerProvider.forceFlush());
};
