const {
	NodeTracerProvider,
	SimpleSpanProcessor,
} = require("@opentelemetry/sdk-trace-node");

require("../program.cjs")(require, (exporter) => {
	const spanProcessors = [new SimpleSpanProcessor(exporter)];
	new NodeTracerProvider({ spanProcessors }).register();
});
