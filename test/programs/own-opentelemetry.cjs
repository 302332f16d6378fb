// A program's own OpenTelemetry, as a file to preload or to require. It says at the end what it recorded. The tests
// bundle it with the version of the API that they want; with TEST_INSTRUMENT=1 it instruments dns and net as well.
const api = require("@opentelemetry/api");
const { registerInstrumentations } = require("@opentelemetry/instrumentation");
const { DnsInstrumentation } = require("@opentelemetry/instrumentation-dns");
const { NetInstrumentation } = require("@opentelemetry/instrumentation-net");
const {
	InMemorySpanExporter,
	NodeTracerProvider,
	SimpleSpanProcessor,
} = require("@opentelemetry/sdk-trace-node");

const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({
	spanProcessors: [new SimpleSpanProcessor(exporter)],
});
provider.register();

if (process.env.TEST_INSTRUMENT === "1") {
	registerInstrumentations({
		tracerProvider: provider,
		instrumentations: [new DnsInstrumentation(), new NetInstrumentation()],
	});
	for (const name of ["net", "dns", "dns/promises"]) require(name);
}

globalThis.ownOpenTelemetry = api;

process.on("exit", () => {
	const spans = exporter.getFinishedSpans();
	const names = new Map(
		spans.map((span) => [span.spanContext().spanId, span.name]),
	);
	for (const span of spans) {
		const { spanId, traceId } = span.spanContext();
		const parentId = span.parentSpanContext?.spanId;
		console.log(
			JSON.stringify({
				ids: { spanId, traceId },
				recorded: {
					name: span.name,
					kind: span.kind,
					parent: names.get(parentId) ?? parentId ?? "none",
					attributes: span.attributes,
					status: span.status,
					scope: span.instrumentationScope.name,
				},
			}),
		);
	}
});
