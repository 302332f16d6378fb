import type {
	Counter,
	Histogram,
	Meter,
	ObservableUpDownCounter,
} from "@opentelemetry/api";
import { MetricName } from "../spans/names";

/** In seconds, as the semantic conventions recommend them for each histogram. */
const CONNECTION_LIVES = [
	0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300,
];
const WAITS = [
	0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
];

export interface Instruments {
	readonly openConnections: ObservableUpDownCounter;
	readonly connectionDuration: Histogram;
	readonly timeInQueue: Histogram;
	readonly dnsLookupDuration: Histogram;
	readonly freshConnections: Counter;
}

export function createInstruments(meter: Meter): Instruments {
	const seconds = (name: string, description: string, boundaries: number[]) =>
		meter.createHistogram(name, {
			description,
			unit: "s",
			advice: { explicitBucketBoundaries: boundaries },
		});
	return {
		openConnections: meter.createObservableUpDownCounter(
			MetricName.openConnections,
			{
				description:
					"Number of outbound HTTP connections that are currently active or idle on the client.",
				unit: "{connection}",
			},
		),
		connectionDuration: seconds(
			MetricName.connectionDuration,
			"The duration of the successfully established outbound HTTP connections.",
			CONNECTION_LIVES,
		),
		timeInQueue: seconds(
			MetricName.timeInQueue,
			"The amount of time requests spent on a queue waiting for an available connection.",
			WAITS,
		),
		dnsLookupDuration: seconds(
			MetricName.dnsLookupDuration,
			"Measures the time taken to perform a DNS lookup.",
			WAITS,
		),
		freshConnections: meter.createCounter(MetricName.freshConnections, {
			description:
				"Number of outbound HTTP connections that were begun because no existing one could serve, by reason.",
			unit: "{connection}",
		}),
	};
}
