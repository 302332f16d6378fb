import { describe, expect, test } from "vitest";
import { readCollectorSettings } from "../../src/agent/collector-variables.js";
import { Variables } from "../../src/agent/variables.js";

function read(env: NodeJS.ProcessEnv) {
	const variables = new Variables(env);
	const settings = readCollectorSettings(variables);
	return { settings, warnings: variables.warnings };
}

describe("the variables of the exporter", () => {
	test("are OpenTelemetry's defaults where nothing is said, or nothing is in it", () => {
		for (const env of [{}, { OTEL_EXPORTER_OTLP_ENDPOINT: " " }])
			expect(read(env)).toEqual({
				settings: {
					url: "http://localhost:4318/v1/traces",
					protocol: "http/protobuf",
					headers: {},
					timeout: 10_000,
					gzip: false,
					ca: undefined,
					cert: undefined,
					key: undefined,
					scheduleDelay: 5000,
					maxSpans: Number.POSITIVE_INFINITY,
					batchSize: 512,
				},
				warnings: [],
			});
	});

	const bad: Readonly<Record<string, string>> = {
		OTEL_EXPORTER_OTLP_TIMEOUT:
			"=soon: expected milliseconds, a whole number from 1; using 10000",
		OTEL_EXPORTER_OTLP_TRACES_COMPRESSION:
			"=soon: expected gzip or none; using none",
		OTEL_EXPORTER_OTLP_PROTOCOL:
			"=soon: expected http/protobuf or http/json; using http/protobuf",
		OTEL_EXPORTER_OTLP_CERTIFICATE:
			": expected the path of a PEM file (ENOENT); using none",
		OTEL_BSP_SCHEDULE_DELAY:
			"=soon: expected milliseconds, a whole number from 1; using 5000",
		OTEL_BSP_MAX_QUEUE_SIZE:
			"=soon: expected a whole number from 1; using none",
		OTEL_BSP_MAX_EXPORT_BATCH_SIZE:
			"=soon: expected a whole number from 1; using 512",
		OTEL_EXPORTER_OTLP_ENDPOINT:
			": expected an http or https URL; using http://localhost:4318/v1/traces",
		OTEL_EXPORTER_OTLP_HEADERS: ": expected key=value pairs; using the others",
	};
	for (const [name, warning] of Object.entries(bad)) {
		test(`${name} is named once where it cannot be read`, () => {
			const { settings, warnings } = read({ [name]: "soon" });
			expect(warnings).toEqual([`${name}${warning}`]);
			expect(settings).toEqual(read({}).settings);
		});
	}

	test("never repeat what may be a secret", () => {
		const { warnings } = read({
			OTEL_EXPORTER_OTLP_ENDPOINT: "ftp://user:secret@host",
			OTEL_EXPORTER_OTLP_HEADERS: "authorization secret,x=%E0%A4%A,y=a\u0001b",
		});
		expect(warnings).toHaveLength(2);
		expect(warnings.join("\n")).not.toMatch(/secret|%E0|user/);
	});

	test("a batch is not larger than the queue", () => {
		expect(read({ OTEL_BSP_MAX_QUEUE_SIZE: "10" }).settings.batchSize).toBe(10);
	});
});
