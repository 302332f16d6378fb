import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { Attribute } from "../../src/spans/names.js";

const root = join(import.meta.dirname, "../..");
const read = (path: string) => readFileSync(join(root, path), "utf8");

const jaeger = parse(read("otel/jaeger.yaml"));
const ui = JSON.parse(read("otel/jaeger-ui.json"));
const service = parse(read("docker-compose.yml"), { merge: true }).services
	.jaeger;

/** The keys of Jaeger 2.20 and its components that the file may use, down to their values. */
const KNOWN_KEYS = [
	"service.extensions",
	"service.pipelines.traces.receivers",
	"service.pipelines.traces.processors",
	"service.pipelines.traces.exporters",
	"extensions.healthcheckv2.use_v2",
	"extensions.healthcheckv2.http.endpoint",
	"extensions.jaeger_storage.backends.memory.memory.max_traces",
	"extensions.jaeger_query.storage.traces",
	"extensions.jaeger_query.ui.config_file",
	"extensions.jaeger_query.enable_tracing",
	"receivers.otlp.protocols.grpc.endpoint",
	"receivers.otlp.protocols.http.endpoint",
	"processors.batch",
	"exporters.jaeger_storage_exporter.trace_storage",
];

function keys(value: unknown, path: string[] = []): string[] {
	if (typeof value !== "object" || value === null || Array.isArray(value)) {
		return [path.join(".")];
	}
	return Object.entries(value).flatMap(([key, inner]) =>
		keys(inner, [...path, key]),
	);
}

describe("otel/jaeger.yaml", () => {
	it("uses known keys alone", () => {
		expect(keys(jaeger).sort()).toEqual([...KNOWN_KEYS].sort());
	});

	it("defines every component it uses, and uses every one it defines", () => {
		const { traces } = jaeger.service.pipelines;
		for (const kind of ["receivers", "processors", "exporters"]) {
			expect([...traces[kind]].sort()).toEqual(
				Object.keys(jaeger[kind]).sort(),
			);
		}
		expect([...jaeger.service.extensions].sort()).toEqual(
			Object.keys(jaeger.extensions).sort(),
		);
	});

	it("writes to and reads from a storage that exists", () => {
		const storages = Object.keys(jaeger.extensions.jaeger_storage.backends);
		expect(storages).toContain(
			jaeger.exporters.jaeger_storage_exporter.trace_storage,
		);
		expect(storages).toContain(jaeger.extensions.jaeger_query.storage.traces);
	});

	it("is found by the container, as is the configuration of its pages", () => {
		const targets = service.volumes.map((volume: string) => volume.split(":"));
		expect(service.command).toEqual(["--config", "/etc/jaeger/jaeger.yaml"]);
		expect(targets).toEqual([
			["./otel/jaeger.yaml", service.command[1], "ro"],
			[
				"./otel/jaeger-ui.json",
				jaeger.extensions.jaeger_query.ui.config_file,
				"ro",
			],
		]);
	});

	it("listens where the container's ports lead and where its health is asked for", () => {
		const { http, grpc } = jaeger.receivers.otlp.protocols;
		expect([grpc.endpoint, http.endpoint]).toEqual([
			"0.0.0.0:4317",
			"0.0.0.0:4318",
		]);
		expect(service.ports).toEqual([
			"127.0.0.1:4317:4317",
			"127.0.0.1:4318:4318",
			"127.0.0.1:16686:16686",
		]);
		const { endpoint } = jaeger.extensions.healthcheckv2.http;
		const port = endpoint.replace("0.0.0.0:", "");
		expect(service.healthcheck.test.at(-1)).toBe(
			`http://127.0.0.1:${port}/status`,
		);
	});
});

describe("otel/jaeger-ui.json", () => {
	it("puts our attributes on top", () => {
		expect(ui.topTagPrefixes).toEqual(["conntrace."]);
	});

	it("has patterns of the shape that Jaeger's pages take", () => {
		expect(Object.keys(ui).sort()).toEqual(["linkPatterns", "topTagPrefixes"]);
		for (const pattern of ui.linkPatterns) {
			expect(Object.keys(pattern)).toEqual(["type", "key", "url", "text"]);
			expect(pattern.type).toBe("tags");
		}
	});

	it.each([[Attribute.connectionId], [Attribute.previousId]])(
		"leads from %s to every request on that connection",
		(key) => {
			const pattern = ui.linkPatterns.find(
				(candidate: { key: string }) => candidate.key === key,
			);
			// Replaces #{name} as the pages do; a name without value would drop the link.
			const fill = (template: string) =>
				template.replace(/#\{([^{}]*)\}/g, (_, name) =>
					name === key ? encodeURIComponent("4f/1") : `missing ${name}`,
				);
			const url = new URL(fill(pattern.url), "http://localhost:16686");
			expect(url.pathname).toBe("/search");
			expect(JSON.parse(url.searchParams.get("tags") ?? "")).toEqual({
				[Attribute.connectionId]: "4f/1",
			});
			// Without a service the pages search only if start and end are given; 0 makes them take the lookback.
			expect(Object.fromEntries(url.searchParams)).toMatchObject({
				start: "0",
				end: "0",
				lookback: "2d",
				limit: "1500",
			});
			expect(fill(pattern.text)).toContain("4f%2F1");
		},
	);
});
