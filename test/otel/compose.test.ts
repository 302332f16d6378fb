import {
	existsSync,
	mkdtempSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DCLinter } from "dclint";
import { afterAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { BUILD_SOURCES } from "../support/build-sources.js";

const root = join(import.meta.dirname, "../..");
const file = join(root, "docker-compose.yml");
const text = readFileSync(file, "utf8");

interface Service {
	image: string;
	command: string[];
	volumes?: string[];
	ports?: string[];
	environment?: Record<string, string>;
	healthcheck?: { test: string[] };
	depends_on?: Record<string, { condition: string }>;
}

const compose: { services: Record<string, Service>; volumes: object } = parse(
	text,
	{ merge: true },
);
const services = Object.entries(compose.services);

const folder = mkdtempSync(join(tmpdir(), "conntrace-compose-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** What the compose specification's schema and the linter's rules for faults say of a file. */
function findErrors(content: string): string[] {
	const copy = join(folder, "docker-compose.yml");
	writeFileSync(copy, content);
	const linter = new DCLinter({
		rules: {},
		quiet: false,
		debug: false,
		exclude: [],
	});
	return linter
		.lintFiles([copy], false)
		.flatMap(({ messages }) => messages)
		.filter(({ type }) => type === "error")
		.map(({ rule, message }) => `${rule}: ${message}`);
}

/** Images with nothing in them that could look whether a server is up. */
const BARE = /^otel\//;

describe("docker-compose.yml", () => {
	it("follows the compose specification", () => {
		expect(findErrors(text)).toEqual([]);
	});

	it("would be caught breaking it", () => {
		const broken = text.replace("service_healthy", "service_well");
		expect(broken).not.toBe(text);
		expect(findErrors(broken)).toEqual([
			expect.stringContaining("invalid-schema"),
		]);
	});

	it("pins every image to an exact version", () => {
		for (const [, { image }] of services) {
			expect(image).toMatch(/^[a-z/-]+:v?\d+\.\d+\.\d+(-slim)?$/);
		}
		expect(compose.services.jaeger?.image).toBe("jaegertracing/jaeger:2.20.0");
	});

	it("opens ports on this machine alone", () => {
		for (const [, { ports = [] }] of services) {
			for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
		}
	});

	it("mounts what is there", () => {
		for (const [, { volumes = [] }] of services) {
			for (const volume of volumes) {
				const [source = ""] = volume.split(":");
				if (source.startsWith("."))
					expect(existsSync(join(root, source))).toBe(true);
				// A path alone is a volume without a name.
				else if (!source.startsWith("/"))
					expect(compose.volumes).toHaveProperty(source);
			}
		}
	});

	it("waits for what can be waited for", () => {
		const waits = services.flatMap(([, { depends_on = {} }]) =>
			Object.entries(depends_on),
		);
		expect(waits.length).toBeGreaterThan(0);
		for (const [name, { condition }] of waits) {
			expect(compose.services).toHaveProperty(name);
			const first = compose.services[name];
			if (first?.healthcheck) expect(condition, name).toBe("service_healthy");
			else if (BARE.test(first?.image ?? ""))
				expect(condition, name).toBe("service_started");
			else expect(condition, name).toBe("service_completed_successfully");
		}
	});

	it("starts the example after Jaeger, the DynamoDB and its table", () => {
		const allBefore = (name: string): string[] =>
			Object.keys(compose.services[name]?.depends_on ?? {}).flatMap((first) => [
				first,
				...allBefore(first),
			]);
		expect(new Set(allBefore("example"))).toEqual(
			new Set(["jaeger", "table", "dynamodb", "build"]),
		);
	});

	it("runs the example with the preload, towards the services of this file", () => {
		const { command, environment } = compose.services.example as Service;
		expect(command).toEqual([
			"node",
			"-r",
			"./dist/register.js",
			"examples/handler.js",
		]);
		expect(environment).toMatchObject({
			AWS_ENDPOINT_URL_DYNAMODB: "http://dynamodb:8000",
			OTEL_EXPORTER_OTLP_ENDPOINT: "http://jaeger:4318",
			AWS_REGION: expect.any(String),
			AWS_ACCESS_KEY_ID: expect.any(String),
			AWS_SECRET_ACCESS_KEY: expect.any(String),
		});
	});

	it("copies everything that the build reads", () => {
		const command = String(compose.services.build?.command.at(-1));
		const copied = [...command.matchAll(/\/project\/(\S+)/g)].map(([, path]) =>
			String(path),
		);
		for (const path of copied) expect(existsSync(join(root, path))).toBe(true);
		expect(copied).toEqual(
			expect.arrayContaining([
				...BUILD_SOURCES,
				"package-lock.json",
				"examples",
			]),
		);
		expect(command).toContain("node scripts/prepare.mjs");
	});
});
