import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { type Run, runProgram } from "../support/run-program.js";
import { startServer, type TestServer } from "../support/server.js";
import { duration, isReused, type Span } from "../support/spans.js";
import {
	type Broker,
	type Gateway,
	type Prometheus,
	startGateway,
	startIngester,
	startKafka,
	startPrometheus,
	startSampler,
} from "./fleet.js";
import { type Jaeger, storedSpans } from "./jaeger.js";
import { freePorts, local } from "./server-process.js";

const binaries = {
	jaeger: inject("jaeger"),
	collector: inject("collector"),
	kafka: inject("kafka"),
};
const prometheusBinary = inject("prometheus");

const LOAD = resolve("test/programs/load.cjs");

/** As otel/scale/sampler.yaml has it. */
const SHARE = 0.1;
const SLOW_MS = 1000;

/** Of a test, quicker than in operation. */
const DECISION_WAIT = { tail_sampling: { decision_wait: "1s" } };
const { jaeger: jaegerBinary, collector, kafka } = binaries;

describe.skipIf(!jaegerBinary || !collector || !kafka)(
	"the way past one machine",
	() => {
		let server: TestServer;
		let broker: Broker;
		const running: { stop(): Promise<void> }[] = [];

		beforeAll(async () => {
			if (!kafka) return;
			server = await startServer();
			broker = await startKafka(kafka);
			running.push(broker);
		}, 120_000);

		afterAll(async () => {
			for (const { stop } of running.reverse()) await stop();
			await server?.close();
		}, 60_000);

		function started<T extends { stop(): Promise<void> }>(process: T): T {
			running.push(process);
			return process;
		}

		const load = (
			gateway: Gateway,
			count: number,
			pause: number,
			environment: Record<string, string>,
		): Promise<Run> =>
			runProgram(LOAD, {
				arguments: [server.origin, String(count), String(pause)],
				timeLimit: 120_000,
				environment: {
					OTEL_TRACES_EXPORTER: "otlp",
					OTEL_EXPORTER_OTLP_ENDPOINT: gateway.collector,
					OTEL_BSP_SCHEDULE_DELAY: "200",
					CONNTRACE_FLUSH_TIMEOUT: "20000",
					...environment,
				},
			});

		describe("gateway, samplers, Kafka and ingester", () => {
			const SERVICE = "shop";
			const REQUESTS = 1000;
			let gateway: Gateway;
			let jaeger: Jaeger;
			let prometheus: Prometheus | undefined;
			let sent: readonly Span[];
			let kept: Span[];

			beforeAll(async () => {
				if (!jaegerBinary || !collector) return;
				const samplers = (await freePorts(2)).map(local);
				for (const address of samplers) {
					started(
						await startSampler(collector, address, broker, {
							processors: DECISION_WAIT,
						}),
					);
				}
				gateway = started(await startGateway(collector, samplers));
				if (prometheusBinary) {
					prometheus = started(
						await startPrometheus(prometheusBinary, gateway.metrics),
					);
				}
				jaeger = started(
					await startIngester(jaegerBinary, broker, prometheus?.address),
				);
				const run = await load(gateway, REQUESTS, 0, {
					OTEL_SERVICE_NAME: SERVICE,
				});
				expect(run.stderr).toBe("");
				sent = run.spans;
				kept = await untilQuiet(() => storedSpans(jaeger, SERVICE));
			}, 180_000);

			it("keeps every fresh, failed and slow trace whole, and a share of the rest", () => {
				const traces = groupBy(sent, ({ traceId }) => traceId);
				const of = groupBy(kept, ({ traceId }) => traceId);
				const [notable, plain] = partition([...traces.values()], isNotable);
				expect(notable.length).toBeGreaterThan(40);
				for (const trace of notable) {
					const id = trace[0]?.traceId ?? "";
					expect(idsOf(of.get(id) ?? [])).toEqual(idsOf(trace));
				}
				const rest = plain.filter(([span]) => of.has(span?.traceId ?? ""));
				// Far beyond what chance makes of a share of 10 percent.
				expect(rest.length).toBeGreaterThan(plain.length * 0.04);
				expect(rest.length).toBeLessThan(plain.length * 0.18);
				expect(of.size).toBe(notable.length + rest.length);
			});

			it("leaves nothing of a span out and notes for how many it stands", () => {
				const byId = new Map(kept.map((span) => [span.spanId, span]));
				const notable = new Set(
					[...groupBy(sent, ({ traceId }) => traceId)]
						.filter(([, trace]) => isNotable(trace))
						.map(([id]) => id),
				);
				for (const span of sent) {
					const stored = byId.get(span.spanId);
					if (!stored) continue;
					expect(stored).toEqual({
						...span,
						attributes: notable.has(span.traceId)
							? span.attributes
							: { ...span.attributes, "conntrace.sampling.ratio": SHARE },
					});
				}
			});

			it.skipIf(!prometheusBinary)(
				"shows the service in Jaeger's Monitor tab",
				async () => {
					const { metrics } = (await jaeger.ask("/api/metrics/calls", {
						service: SERVICE,
						spanKind: "client",
						groupByOperation: "true",
						endTs: String(Date.now()),
						lookback: "600000",
						step: "5000",
						ratePer: "600000",
					})) as { metrics: { labels: { name: string; value: string }[] }[] };
					const operations = metrics.map(
						({ labels }) =>
							labels.find(({ name }) => name === "operation")?.value,
					);
					expect(operations).toEqual(["GET"]);
				},
			);
		});
	},
);

/** What the policies of the sampler say of a trace. */
function isNotable(trace: readonly Span[]): boolean {
	const times = trace.flatMap(({ start, end }) => [start, end]).sort();
	const [first = 0n, last = 0n] = [times[0], times.at(-1)];
	return (
		duration({ start: first, end: last }) > SLOW_MS ||
		trace.some(
			(span) =>
				span.error ||
				isReused(span) === false ||
				"conntrace.connection.reason" in span.attributes,
		)
	);
}

function groupBy<T>(
	items: readonly T[],
	key: (item: T) => string,
): Map<string, T[]> {
	const groups = new Map<string, T[]>();
	for (const item of items) {
		const group = groups.get(key(item));
		if (group) group.push(item);
		else groups.set(key(item), [item]);
	}
	return groups;
}

function partition<T>(
	items: readonly T[],
	holds: (item: T) => boolean,
): [T[], T[]] {
	return [items.filter(holds), items.filter((item) => !holds(item))];
}

const idsOf = (spans: readonly Span[]) =>
	spans.map(({ spanId }) => spanId).sort();

/** What is there once it has been the same for longer than a sampler waits and an ingester takes. */
async function untilQuiet(look: () => Promise<Span[]>): Promise<Span[]> {
	let seen: Span[] = [];
	for (let same = 0; same < 8; ) {
		await sleep(500);
		const now = await look();
		same = now.length === seen.length && now.length > 0 ? same + 1 : 0;
		seen = now;
	}
	return seen;
}
