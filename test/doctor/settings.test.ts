import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { readConfiguration } from "../../src/agent/config.js";
import {
	settingsInForce,
	unknownVariables,
} from "../../src/doctor/settings.js";

function settings(env: NodeJS.ProcessEnv) {
	return settingsInForce(readConfiguration(env), env);
}

/** Which variables the agent reads, by its source; those that are put together there are completed here. */
const READ = readdirSync("src/agent")
	.map((file) => readFileSync(`src/agent/${file}`, "utf8"))
	.join("\n")
	.match(/\b(CONNTRACE|OTEL)_[A-Z_]*[A-Z]\b/g);

it("knows every variable that the agent reads", () => {
	const known = settings({}).map(({ variable }) => variable);
	const read = [...new Set(READ)].filter(
		(name) =>
			!/^OTEL_EXPORTER_OTLP(_TRACES)?_ENDPOINT$|^CONNTRACE_RECEIVER$|^OTEL_(BSP|EXPORTER_OTLP)$/.test(
				name,
			),
	);
	expect(read.length).toBeGreaterThan(15);
	for (const name of read) expect(known).toContain(name);
});

it("takes the variable for traces before that for all signals, unless it cannot be read", () => {
	const endpoint = (env: NodeJS.ProcessEnv) =>
		settings(env).find(({ variable }) => variable.endsWith("ENDPOINT"));
	const shared = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://user:pass@a:1" };
	expect(endpoint(shared)).toEqual({
		variable: "OTEL_EXPORTER_OTLP_ENDPOINT",
		value: "http://a:1/v1/traces",
		source: "variable",
	});
	expect(
		endpoint({ ...shared, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://b:2/x" }),
	).toEqual({
		variable: "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
		value: "http://b:2/x",
		source: "variable",
	});
	expect(endpoint({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "b" })).toEqual({
		variable: "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
		value: "http://localhost:4318/v1/traces",
		source: "rejected",
	});
});

it("does not take its own commands' variables for mistakes", () => {
	expect(
		unknownVariables({
			CONNTRACE_RECEIVER: "a",
			CONNTRACE_HOSTS: "a",
			CONNTRACE_HOST: "a",
			PATH: "a",
		}),
	).toEqual(["CONNTRACE_HOST"]);
});
