import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { inject } from "vitest";
import type { Jaeger } from "./jaeger.js";
import { jaegerAt } from "./jaeger.js";
import {
	configurations,
	freePorts,
	local,
	reach,
	read,
	type ServerProcess,
	startServerProcess,
} from "./server-process.js";

/** What otel/scale is made of, each role with its own configuration; addresses and paths differ, and the storage is memory. */

const NO_OWN_METRICS = { telemetry: { metrics: { level: "none" } } };

export interface Broker extends ServerProcess {
	readonly address: string;
}

export async function startKafka(jars: string): Promise<Broker> {
	const [broker, controller] = await freePorts(2);
	const folder = folderOf("kafka", broker);
	const properties = join(folder, "server.properties");
	writeFileSync(
		properties,
		[
			"process.roles=broker,controller",
			"node.id=1",
			`controller.quorum.voters=1@${local(controller)}`,
			`listeners=PLAINTEXT://${local(broker)},CONTROLLER://${local(controller)}`,
			"controller.listener.names=CONTROLLER",
			"offsets.topic.replication.factor=1",
			"transaction.state.log.replication.factor=1",
			"transaction.state.log.min.isr=1",
			"group.initial.rebalance.delay.ms=0",
			`log.dirs=${join(folder, "log")}`,
		].join("\n"),
	);
	const java = ["-Xmx512m", "-cp", join(jars, "*")];
	const cluster = "Y29ubnRyYWNlLXRlc3RzIQ";
	execFileSync(
		"java",
		[
			...[...java, "kafka.tools.StorageTool"],
			...["format", "-t", cluster, "-c", properties],
		],
		{ stdio: "pipe" },
	);
	const server = await startServerProcess(
		"Kafka",
		["java", ...java, "kafka.Kafka", properties],
		() => reach(Number(broker)),
	);
	return { ...server, address: local(broker) };
}

export interface Gateway extends ServerProcess {
	/** Where it takes spans. */
	readonly collector: string;
	/** Where Prometheus asks it. */
	readonly metrics: string;
}

/** @param samplers their addresses */
export async function startGateway(
	binary: string,
	samplers: readonly string[],
): Promise<Gateway> {
	const [grpc, http, metrics, health] = await freePorts(4);
	const differences = {
		service: NO_OWN_METRICS,
		extensions: {
			health_check: { endpoint: local(health) },
			file_storage: { directory: folderOf("gateway", http) },
		},
		receivers: otlpAt(grpc, http),
		exporters: {
			load_balancing: {
				resolver: { dns: null, static: { hostnames: samplers } },
				retry_on_failure: { initial_interval: "200ms", max_interval: "500ms" },
			},
			prometheus: { endpoint: local(metrics) },
		},
		connectors: { span_metrics: { metrics_flush_interval: "500ms" } },
	};
	return {
		...(await startServerProcess(
			"gateway",
			[binary, ...configurations(["otel/scale/gateway.yaml"], differences)],
			() => read(`http://${local(health)}/`),
		)),
		collector: `http://${local(http)}`,
		metrics: local(metrics),
	};
}

/** @param address where it takes spans from gateways */
export async function startSampler(
	binary: string,
	address: string,
	broker: Broker,
	differences: object = {},
): Promise<ServerProcess> {
	const [health] = await freePorts(1);
	return startServerProcess(
		"sampler",
		[
			binary,
			"--feature-gates=processor.tailsamplingprocessor.recordpolicy",
			...configurations(["otel/scale/sampler.yaml"], {
				service: NO_OWN_METRICS,
				extensions: { health_check: { endpoint: local(health) } },
				receivers: { otlp: { protocols: { grpc: { endpoint: address } } } },
			}),
			...configurations([], differences),
		],
		() => read(`http://${local(health)}/`),
		{ KAFKA_BROKER: broker.address },
	);
}

/** An ingester and the query in one process, since they share its memory. */
export async function startIngester(
	binary: string,
	broker: Broker,
	prometheus = "http://127.0.0.1:9",
): Promise<Jaeger> {
	const [query, queryGrpc, health] = await freePorts(3);
	const { stop } = await startServerProcess(
		"ingester",
		[
			binary,
			...configurations(["otel/scale/query.yaml", "otel/scale/ingester.yaml"], {
				service: {
					extensions: ["healthcheckv2", "jaeger_storage", "jaeger_query"],
					...NO_OWN_METRICS,
				},
				extensions: {
					healthcheckv2: { http: { endpoint: local(health) } },
					jaeger_storage: {
						backends: {
							spans: { opensearch: null, memory: { max_traces: 100_000 } },
						},
					},
					jaeger_query: {
						http: { endpoint: local(query) },
						grpc: { endpoint: local(queryGrpc) },
						ui: { config_file: resolve("otel/jaeger-ui.json") },
					},
				},
			}),
		],
		() => read(`http://${local(health)}/status`),
		{ KAFKA_BROKER: broker.address, PROMETHEUS_URL: prometheus },
	);
	return jaegerAt(local(query), stop);
}

export interface Prometheus extends ServerProcess {
	readonly address: string;
}

/** @param target address of a gateway's metrics */
export async function startPrometheus(
	binary: string,
	target: string,
): Promise<Prometheus> {
	const [port] = await freePorts(1);
	const folder = folderOf("prometheus", port);
	const file = join(folder, "prometheus.yml");
	writeFileSync(
		file,
		JSON.stringify({
			global: { scrape_interval: "500ms" },
			scrape_configs: [
				{
					job_name: "gateways",
					honor_labels: true,
					static_configs: [{ targets: [target] }],
				},
			],
		}),
	);
	const address = `http://${local(port)}`;
	const server = await startServerProcess(
		"Prometheus",
		[
			binary,
			`--config.file=${file}`,
			`--storage.tsdb.path=${join(folder, "data")}`,
			`--web.listen-address=${local(port)}`,
		],
		() => read(`${address}/-/ready`),
	);
	return {
		...server,
		address,
	};
}

function otlpAt(grpc: number | undefined, http: number | undefined): object {
	return {
		otlp: {
			protocols: {
				grpc: { endpoint: local(grpc) },
				http: { endpoint: local(http) },
			},
		},
	};
}

function folderOf(role: string, port: number | undefined): string {
	const folder = join(inject("temporaryDirectory"), `${role}-${port}`);
	mkdirSync(folder, { recursive: true });
	return folder;
}
