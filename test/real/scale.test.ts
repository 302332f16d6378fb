import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { runProgram } from "../support/run-program.js";
import { startServer, type TestServer } from "../support/server.js";
import {
	duration,
	isReused,
	named,
	requestsOf,
	type Span,
} from "../support/spans.js";
import {
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
import { exportTo } from "./steady-load.js";
import { until } from "./until.js";

const jaegerBinary = inject("jaeger") ?? "";
const collector = inject("collector") ?? "";
const kafka = inject("kafka") ?? "";
const prometheusBinary = inject("prometheus");

const LOAD = resolve("test/programs/load.cjs");

/** As otel/scale/sampler.yaml has it. */
const SHARE = 0.1;
const SLOW_MS = 1000;

/** Of a test, quicker than in operation. */
const DECISION_WAIT = { tail_sampling: { decision_wait: "1s" } };

interface Service {
	readonly name: string;
	/** How often a request has a connection of its own. */
	readonly every: number;
	/** CONNTRACE_REUSED_RATIO */
	readonly ratio: number;
	/** Of its second run; the first is shorter and gives every series a beginning. */
	readonly requests: number;
}

const SHOP: Service = { name: "shop", every: 50, ratio: 1, requests: 900 };
const SERVICES: readonly Service[] = [
	SHOP,
	{ name: "left-out", every: 50, ratio: 0.25, requests: 300 },
	{ name: "never-reused", every: 1, ratio: 1, requests: 60 },
];
const FIRST_REQUESTS = 55;

describe.skipIf(!jaegerBinary || !collector || !kafka)(
	"gateway, samplers, Kafka and ingester",
	() => {
		let server: TestServer;
		let gateway: Gateway;
		let jaeger: Jaeger;
		let prometheus: Prometheus | undefined;
		/** Of the shop. */
		let sent: readonly Span[];
		let kept: Span[];
		/** Of all services, in the second runs. */
		let counted: Map<string, readonly Span[]>;
		/** Before the second runs and after them, in seconds since 1970. */
		let begin: number;
		let end: number;
		const running: { stop(): Promise<void> }[] = [];

		function started<T extends { stop(): Promise<void> }>(process: T): T {
			running.push(process);
			return process;
		}

		beforeAll(async () => {
			server = await startServer({ certificate: inject("certificate") });
			const broker = started(await startKafka(kafka));
			const samplers = (await freePorts(2)).map(local);
			for (const address of samplers) {
				started(await startSampler(collector, address, broker, DECISION_WAIT));
			}
			gateway = started(await startGateway(collector, samplers));
			if (prometheusBinary) {
				prometheus = started(
					await startPrometheus(prometheusBinary, [gateway.metrics]),
				);
			}
			jaeger = started(
				await startIngester(
					jaegerBinary,
					broker,
					"memory",
					prometheus?.address,
				),
			);
			const first = await runAll(() => FIRST_REQUESTS);
			begin = await momentWith([...first.values()].flat());
			counted = await runAll(({ requests }) => requests);
			end = await momentWith([...first.values(), ...counted.values()].flat());
			sent = [first, counted].flatMap((runs) => runs.get(SHOP.name) ?? []);
			kept = await untilQuiet(() => storedSpans(jaeger, SHOP.name));
		}, 240_000);

		afterAll(async () => {
			for (const { stop } of running.reverse()) await stop();
			await server?.close();
		}, 60_000);

		async function runAll(
			requests: (service: Service) => number,
		): Promise<Map<string, readonly Span[]>> {
			const runs = SERVICES.map(async (service) => {
				const { stderr, spans } = await runProgram(LOAD, {
					arguments: [
						server.origin,
						String(requests(service)),
						String(service.every),
					],
					timeLimit: 120_000,
					environment: {
						...exportTo(gateway.collector, service.name),
						CONNTRACE_REUSED_RATIO: String(service.ratio),
					},
				});
				expect(stderr).toBe("");
				return [service.name, spans] as const;
			});
			return new Map(await Promise.all(runs));
		}

		/** When Prometheus has counted these spans and no more, in seconds since 1970. */
		async function momentWith(spans: readonly Span[]): Promise<number> {
			if (!prometheus) return 0;
			const { query } = prometheus;
			return until(async () => {
				const [moment] = await query(`max(timestamp(${CALLS}))`);
				const [total] = await query(`sum(${CALLS})`, moment?.value);
				expect(total?.value).toBeCloseTo(sum(spans, weight), 6);
				return Number(moment?.value);
			});
		}

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

		describe.skipIf(!prometheusBinary)("its metrics", () => {
			it("count every request, also those that were left out", async () => {
				const samples = await prometheus?.query(
					`sum by (service_name) (${CALLS}{conntrace_connection_reused=~"true|false"})`,
					end,
				);
				for (const { name, requests, ratio } of SERVICES) {
					const count = samples?.find(
						({ labels }) => labels.service_name === name,
					)?.value;
					const all = requests + FIRST_REQUESTS;
					if (ratio === 1) expect(count).toBe(all);
					// Of 355 requests, more than chance takes away or adds.
					else {
						expect(count).toBeGreaterThan(all * 0.6);
						expect(count).toBeLessThan(all * 1.4);
					}
				}
			});

			const { panels } = JSON.parse(
				readFileSync("otel/scale/grafana/conntrace.json", "utf8"),
			) as { panels: { title: string; targets: { expr: string }[] }[] };

			it.each(panels)(
				"tell the dashboard: $title",
				async ({ title, targets }) => {
					const figures: Record<string, number> = {};
					for (const { expr } of targets) {
						// Over the second runs exactly: a sample stands at either end.
						const range = `${Math.round((end - begin) * 1000)}ms`;
						const samples = await prometheus?.query(
							expr
								.replaceAll("$__rate_interval", range)
								.replaceAll("$service", ".+"),
							end,
						);
						for (const { labels, value } of samples ?? []) {
							figures[Object.values(labels).join(" ")] = value;
						}
					}
					const expected = EXPECTED[title]?.(counted, end - begin) ?? {};
					expect(Object.keys(expected).length).toBeGreaterThan(1);
					expect(figures).toEqual(
						Object.fromEntries(
							Object.entries(expected).map(([name, value]) => [
								name,
								expect.closeTo(value, 6),
							]),
						),
					);
				},
			);

			it.each(["calls", "errors", "latencies"])(
				"tell Jaeger's Monitor tab: %s",
				async (kind) => {
					const { metrics } = (await jaeger.ask(`/api/metrics/${kind}`, {
						service: SHOP.name,
						spanKind: "client",
						quantile: "0.95",
						groupByOperation: "true",
						endTs: String(Date.now()),
						lookback: "600000",
						step: "5000",
						ratePer: "600000",
					})) as {
						metrics: {
							labels: { name: string; value: string }[];
							metricPoints: { gaugeValue?: { doubleValue: number } }[];
						}[];
					};
					const operations = metrics.map(
						({ labels }) =>
							labels.find(({ name }) => name === "operation")?.value,
					);
					expect(operations).toEqual(["GET"]);
					const values = metrics.flatMap(({ metricPoints }) =>
						metricPoints.map(({ gaugeValue }) => gaugeValue?.doubleValue ?? 0),
					);
					expect(Math.max(...values.filter(Number.isFinite))).toBeGreaterThan(
						0,
					);
				},
			);
		});
	},
);

const CALLS = "traces_span_metrics_calls_total";
const PHASES = ["dns.lookup", "tcp.connect", "tls.handshake"];

type Figures = (
	services: ReadonlyMap<string, readonly Span[]>,
	seconds: number,
) => Record<string, number>;

/** What the panels of the dashboard should show of these spans, by the labels of what they show. */
const EXPECTED: Readonly<Record<string, Figures>> = {
	"Requests on a reused connection": perService((spans) => {
		const requests = requestsOf(spans);
		return sum(requests.filter(isReused), weight) / sum(requests, weight);
	}),
	"Fresh connections by reason": (services, seconds) => {
		const setups = named([...services.values()].flat(), "connection.setup");
		return Object.fromEntries(
			[
				...groupBy(setups, ({ attributes }) =>
					String(attributes["conntrace.connection.reason"]),
				),
			].map(([reason, { length }]) => [reason, length / seconds]),
		);
	},
	"What fresh connections add to a request": perService(
		(spans) =>
			sum(named(spans, "connection.setup"), duration) /
			sum(requestsOf(spans), weight),
	),
	"Time spent on DNS, TCP and TLS": perPhase(
		(spans, seconds) => sum(spans, duration) / 1000 / seconds,
	),
	"Mean time of a lookup, connect, handshake": perPhase(
		(spans) => sum(spans, duration) / spans.length,
	),
};

function perService(figure: (spans: readonly Span[]) => number): Figures {
	return (services) =>
		Object.fromEntries(
			[...services].map(([name, spans]) => [name, figure(spans)]),
		);
}

function perPhase(
	figure: (spans: readonly Span[], seconds: number) => number,
): Figures {
	return (services, seconds) =>
		Object.fromEntries(
			[...services].flatMap(([name, spans]) =>
				PHASES.map((phase) => [
					`${name} ${phase}`,
					figure(named(spans, phase), seconds),
				]),
			),
		);
}

/** For how many a span stands. */
function weight({ attributes }: Span): number {
	return 1 / Number(attributes["conntrace.sampling.ratio"] ?? 1);
}

function sum(spans: readonly Span[], figure: (span: Span) => number): number {
	return spans.reduce((total, span) => total + figure(span), 0);
}

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
