const { context, trace } = require("@opentelemetry/api");
const {
	AsyncLocalStorageContextManager,
} = require("@opentelemetry/context-async-hooks");
const {
	SimpleSpanProcessor,
	TracerProvider,
} = require("@opentelemetry/sdk-trace");

require("../program.cjs")(require, (exporter) => {
	context.setGlobalContextManager(
		new AsyncLocalStorageContextManager().enable(),
	);
	const spanProcessors = [new SimpleSpanProcessor({ exporter })];
	trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors }));
});
