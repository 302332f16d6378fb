import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { inject } from "vitest";
import { parse } from "yaml";
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
	const here = {
		...brokerSettings(),
		"controller.quorum.voters": `1@${local(controller)}`,
		listeners: `PLAINTEXT://${local(broker)},CONTROLLER://${local(controller)}`,
		"advertised.listeners": `PLAINTEXT://${local(broker)}`,
		"log.dirs": join(folder, "log"),
	};
	writeFileSync(
		properties,
		Object.entries(here)
			.map(([name, value]) => `${name}=${value}`)
			.join("\n"),
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

/** What docker-compose.yml says of its broker, as the image reads it: `KAFKA_NODE_ID` is `node.id`. */
function brokerSettings(): Record<string, unknown> {
	const { services } = parse(readFileSync("docker-compose.yml", "utf8"), {
		merge: true,
	});
	return Object.fromEntries(
		Object.entries(services.kafka.environment).map(([name, value]) => [
			name.replace("KAFKA_", "").toLowerCase().replaceAll("_", "."),
			value,
		]),
	);
}

export interface Gateway extends ServerProcess {
	/** Where it takes spans. */
	readonly collector: string;
	/** Where Prometheus asks it. */
	readonly metrics: string;
	/** Starts it anew at the same addresses and over the same files, once it has ended. */
	restart(): Promise<Gateway>;
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
	const start = async (): Promise<Gateway> => ({
		...(await startServerProcess(
			"gateway",
			[binary, ...configurations(["otel/scale/gateway.yaml"], differences)],
			() => read(`http://${local(health)}/`),
		)),
		collector: `http://${local(http)}`,
		metrics: local(metrics),
		restart: start,
	});
	return start();
}

export interface Sampler extends ServerProcess {
	/** Starts it anew at the same address, once it has ended. */
	restart(): Promise<Sampler>;
}

/** @param address where it takes spans from gateways */
export async function startSampler(
	binary: string,
	address: string,
	broker: Broker,
	processors: object,
): Promise<Sampler> {
	const [health] = await freePorts(1);
	const start = async (): Promise<Sampler> => ({
		...(await startServerProcess(
			"sampler",
			[
				binary,
				"--feature-gates=processor.tailsamplingprocessor.recordpolicy",
				...configurations(["otel/scale/sampler.yaml"], {
					service: NO_OWN_METRICS,
					extensions: {
						health_check: { endpoint: local(health) },
						file_storage: { directory: folderOf("sampler", health) },
					},
					receivers: { otlp: { protocols: { grpc: { endpoint: address } } } },
					processors,
				}),
			],
			() => read(`http://${local(health)}/`),
			{ KAFKA_BROKER: broker.address },
		)),
		restart: start,
	});
	return start();
}

export interface Ingester extends Jaeger {
	stop(signal?: NodeJS.Signals): Promise<void>;
	/** Starts it anew at the same address and over the same files, once it has ended. */
	restart(): Promise<Ingester>;
}

/** Storages that a test can have in place of OpenSearch: `badger` is files, and outlives the process. */
const STORAGES = {
	memory: () => ({ memory: { max_traces: 100_000 } }),
	badger: (folder: string) => ({
		badger: {
			directories: {
				keys: join(folder, "keys"),
				values: join(folder, "values"),
			},
			ephemeral: false,
			consistency: true,
		},
	}),
};

/** An ingester and the query in one process, since they share its storage. */
export async function startIngester(
	binary: string,
	broker: Broker,
	storage: keyof typeof STORAGES,
	prometheus = "http://127.0.0.1:9",
): Promise<Ingester> {
	const [query, queryGrpc, health] = await freePorts(3);
	const differences = {
		service: {
			extensions: ["healthcheckv2", "jaeger_storage", "jaeger_query"],
			...NO_OWN_METRICS,
		},
		extensions: {
			healthcheckv2: { http: { endpoint: local(health) } },
			jaeger_storage: {
				backends: {
					spans: {
						opensearch: null,
						...STORAGES[storage](folderOf("ingester", query)),
					},
				},
			},
			jaeger_query: {
				http: { endpoint: local(query) },
				grpc: { endpoint: local(queryGrpc) },
				ui: { config_file: resolve("otel/jaeger-ui.json") },
			},
		},
	};
	const start = async (): Promise<Ingester> => {
		const { stop } = await startServerProcess(
			"ingester",
			[
				binary,
				...configurations(
					["otel/scale/query.yaml", "otel/scale/ingester.yaml"],
					differences,
				),
			],
			() => read(`http://${local(health)}/status`),
			{ KAFKA_BROKER: broker.address, PROMETHEUS_URL: prometheus },
		);
		return { ...jaegerAt(local(query), stop), stop, restart: start };
	};
	return start();
}

/** Of a series at a moment. */
export interface Sample {
	readonly labels: Readonly<Record<string, string>>;
	readonly value: number;
}

export interface Prometheus extends ServerProcess {
	readonly address: string;
	/** @param time seconds since 1970 */
	query(expression: string, time?: number): Promise<Sample[]>;
}

/** @param targets addresses of gateways' metrics */
export async function startPrometheus(
	binary: string,
	targets: readonly string[],
): Promise<Prometheus> {
	const [port] = await freePorts(1);
	const folder = folderOf("prometheus", port);
	const file = join(folder, "prometheus.yml");
	const { global, scrape_configs } = parse(
		readFileSync("otel/scale/prometheus.yml", "utf8"),
	);
	const here = {
		global: { ...global, scrape_interval: "500ms" },
		scrape_configs: scrape_configs.map(
			({ dns_sd_configs, ...job }: { dns_sd_configs: unknown }) => ({
				...job,
				static_configs: [{ targets }],
			}),
		),
	};
	writeFileSync(file, JSON.stringify(here));
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
		async query(expression, time) {
			const parameters = new URLSearchParams({
				query: expression,
				...(time !== undefined && { time: String(time) }),
			});
			const { status, error, data } = JSON.parse(
				await read(`${address}/api/v1/query?${parameters}`),
			);
			if (status !== "success") throw new Error(`${expression}: ${error}`);
			return data.result.map(
				(series: {
					metric: Record<string, string>;
					value: [number, string];
				}) => ({ labels: series.metric, value: Number(series.value[1]) }),
			);
		},
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
