// A program's own OpenTelemetry metrics, as a file to preload or to require. The tests bundle it with the generation of
// OpenTelemetry that they want. The program asks for its metrics by `collectMetrics()`.
const { metrics } = require("@opentelemetry/api");
const { MeterProvider, MetricReader } = require("@opentelemetry/sdk-metrics");

class Reader extends MetricReader {
	async onForceFlush() {}
	async onShutdown() {}
}

const reader = new Reader();
metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));

/** What has been recorded by now, by the name of the metric. */
globalThis.collectMetrics = async () => {
	const { resourceMetrics, errors } = await reader.collect();
	if (errors.length > 0) throw errors[0];
	return Object.fromEntries(
		resourceMetrics.scopeMetrics.flatMap(({ scope, metrics }) =>
			metrics.map(({ descriptor, dataPoints }) => [
				descriptor.name,
				{
					scope: scope.name,
					unit: descriptor.unit,
					points: dataPoints.map(({ attributes, value }) => ({
						attributes,
						value: value?.buckets
							? {
									count: value.count,
									sum: value.sum,
									boundaries: value.buckets.boundaries,
								}
							: value,
					})),
				},
			]),
		),
	);
};
