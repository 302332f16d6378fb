import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";

const root = join(import.meta.dirname, "../..");
const textOf = (path: string) => readFileSync(join(root, path), "utf8");
const configurationOf = (path: string) => parse(textOf(path), { merge: true });

interface Service {
	readonly image: string;
	readonly command?: readonly string[];
	readonly profiles?: readonly string[];
	readonly volumes?: readonly string[];
	readonly environment: Readonly<Record<string, string>>;
}

const compose: { services: Record<string, Service> } =
	configurationOf("docker-compose.yml");
const scale = Object.entries(compose.services).filter(([, { profiles }]) =>
	profiles?.includes("scale"),
);

const gateway = configurationOf("otel/scale/gateway.yaml");
const sampler = configurationOf("otel/scale/sampler.yaml");
const prometheus = configurationOf("otel/scale/prometheus.yml");
const datasources = configurationOf("otel/scale/grafana/datasources.yaml");
const dashboards = configurationOf("otel/scale/grafana/dashboards.yaml");
const dashboard = JSON.parse(textOf("otel/scale/grafana/conntrace.json"));

/** What of this repository a service has, by the path that it has it at. */
function mounts({ volumes = [] }: Service): Map<string, string> {
	return new Map(
		volumes
			.filter((volume) => volume.startsWith("./"))
			.map((volume) => volume.split(":"))
			.map(([source = "", target = ""]) => [target, source]),
	);
}

const portOf = (endpoint: string) => endpoint.split(":").at(-1);

describe("the profile scale", () => {
	it("has every role, and nothing that starts without it", () => {
		expect(scale.map(([name]) => name).sort()).toEqual([
			"functions",
			"gateway",
			"grafana",
			"ingester",
			"kafka",
			"opensearch",
			"prometheus",
			"query",
			"sampler",
		]);
		const plain = Object.keys(compose.services).filter(
			(name) => !scale.some(([other]) => other === name),
		);
		expect(plain).toEqual(["jaeger", "dynamodb", "build", "table", "example"]);
	});

	it("starts each role with its own configuration", () => {
		for (const name of ["gateway", "sampler", "ingester", "query"]) {
			const service = compose.services[name] as Service;
			const { command = [] } = service;
			const file = command[command.indexOf("--config") + 1] ?? "";
			expect(mounts(service).get(file)).toBe(`./otel/scale/${name}.yaml`);
		}
		expect([...mounts(compose.services.prometheus as Service)]).toEqual([
			["/etc/prometheus/prometheus.yml", "./otel/scale/prometheus.yml"],
		]);
	});

	it("has what the configurations reach by name, at the ports that they name", () => {
		const named = [
			...["sampler", "ingester", "query", "grafana/datasources"].map(
				(name) => `${name}.yaml`,
			),
		].flatMap((file) =>
			[
				...textOf(`otel/scale/${file}`).matchAll(/(?:\/\/|:-)([a-z]+):(\d+)/g),
			].map(([, host, port]) => `${host}:${port}`),
		);
		expect(new Set(named)).toEqual(
			new Set(["kafka:9092", "opensearch:9200", "prometheus:9090"]),
		);
		expect(compose.services.kafka?.environment.KAFKA_ADVERTISED_LISTENERS).toBe(
			"PLAINTEXT://kafka:9092",
		);
		expect(compose.services.functions?.environment).toMatchObject({
			OTEL_EXPORTER_OTLP_ENDPOINT: `http://gateway:${portOf(gateway.receivers.otlp.protocols.http.endpoint)}`,
		});
		expect(gateway.exporters.load_balancing.resolver.dns).toEqual({
			hostname: "sampler",
		});
		// The exporter's own default.
		expect(portOf(sampler.receivers.otlp.protocols.grpc.endpoint)).toBe("4317");
		expect(prometheus.scrape_configs[0].dns_sd_configs).toEqual([
			{
				names: ["gateway"],
				type: "A",
				port: Number(portOf(gateway.exporters.prometheus.endpoint)),
			},
		]);
	});

	it("shows Jaeger's pages as the other one does", () => {
		const query = configurationOf("otel/scale/query.yaml");
		expect(
			mounts(compose.services.query as Service).get(
				query.extensions.jaeger_query.ui.config_file,
			),
		).toBe("./otel/jaeger-ui.json");
	});

	it("gives each gateway and sampler a place for its queue, where the configuration has it", () => {
		for (const [name, configuration] of Object.entries({ gateway, sampler }))
			expect(compose.services[name]?.volumes).toContain(
				configuration.extensions.file_storage.directory,
			);
	});

	it("runs the versions that the configurations are for", () => {
		for (const name of ["gateway", "sampler"]) {
			const [, version] =
				/Collector Contrib (\d+\.\d+)/.exec(
					textOf(`otel/scale/${name}.yaml`),
				) ?? [];
			expect(compose.services[name]?.image).toBe(
				`otel/opentelemetry-collector-contrib:${version}.0`,
			);
		}
		for (const name of ["ingester", "query"]) {
			expect(compose.services[name]?.image).toBe(
				compose.services.jaeger?.image,
			);
		}
		const pom = textOf("test/real/kafka/pom.xml");
		expect(compose.services.kafka?.image).toBe(
			`apache/kafka:${/<version>(\d+\.\d+\.\d+)</.exec(pom)?.[1]}`,
		);
	});
});

describe("otel/scale/sampler.yaml", () => {
	it("notes the share that it keeps", () => {
		const { policies } = sampler.processors.tail_sampling;
		const { probabilistic } = policies.at(-1);
		const [{ statements }] = sampler.processors.transform.trace_statements;
		expect(statements[0]).toContain(
			`, ${probabilistic.sampling_percentage / 100} * `,
		);
	});
});

describe("otel/scale/grafana", () => {
	const source = { type: "prometheus", uid: datasources.datasources[0].uid };

	it("provides Grafana with the source and the dashboard", () => {
		const files = mounts(compose.services.grafana as Service);
		expect(new Set(files.values())).toEqual(
			new Set(
				["datasources.yaml", "dashboards.yaml", "conntrace.json"].map(
					(name) => `./otel/scale/grafana/${name}`,
				),
			),
		);
		const [{ options }] = dashboards.providers;
		expect(files.get(`${options.path}/conntrace.json`)).toBe(
			"./otel/scale/grafana/conntrace.json",
		);
	});

	it("tells Grafana how often Prometheus asks", () => {
		expect(datasources.datasources[0].jsonData.timeInterval).toBe(
			prometheus.global.scrape_interval,
		);
	});

	it("has panels that ask that source", () => {
		expect(dashboard.uid).toMatch(/^[a-zA-Z0-9_-]{1,40}$/);
		for (const panel of dashboard.panels) {
			expect(panel).toMatchObject({
				type: "timeseries",
				title: expect.stringMatching(/./),
				datasource: source,
				fieldConfig: { defaults: { unit: expect.any(String) } },
				targets: [
					{
						refId: "A",
						expr: expect.stringContaining('service_name=~"$service"'),
						legendFormat: expect.stringMatching(/^(\{\{\w+\}\} ?)+$/),
					},
				],
			});
		}
		for (const { name, datasource } of dashboard.templating.list) {
			expect(name).toBe("service");
			expect(datasource).toEqual(source);
		}
	});

	it("has panels side by side, each with a number of its own", () => {
		const ids = dashboard.panels.map(({ id }: { id: number }) => id);
		expect(new Set(ids).size).toBe(ids.length);
		const cells = dashboard.panels.flatMap(
			({ gridPos: { x, y, w, h } }: { gridPos: Record<string, number> }) => {
				expect(Number(x) + Number(w)).toBeLessThanOrEqual(24);
				return Array.from(
					{ length: Number(w) * Number(h) },
					(_, cell) =>
						`${Number(x) + (cell % Number(w))} ${Number(y) + Math.floor(cell / Number(w))}`,
				);
			},
		);
		expect(new Set(cells).size).toBe(cells.length);
	});
});
