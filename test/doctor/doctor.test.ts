import { copyFile, mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { beforeAll, describe, expect, inject, it } from "vitest";
import { installPackages } from "../../scripts/install-packages.mjs";
import type { Diagnosis } from "../../src/doctor/diagnosis.js";
import {
	type ConntraceOptions,
	conntrace,
	NODE,
} from "../commands/conntrace.js";
import { exportingTo, startCollector } from "../support/collector.js";

const DATADOG = "test/doctor/dd-trace";
const INSTALLATION_MS = 120_000;

beforeAll(() => {
	installPackages(DATADOG);
}, INSTALLATION_MS);

/** What the agent has to watch on every version of Node. */
const HOOKED = [
	"dns.lookup",
	"dns.promises.lookup",
	"http.Agent.prototype.addRequest",
	"http.Agent.prototype.createSocket",
	"http.ClientRequest.prototype.onSocket",
	"net.Socket.prototype.connect",
	"tls.TLSSocket.prototype._start",
	"Object.getPrototypeOf(process).emit",
];

async function diagnose(
	command: readonly string[],
	options: ConntraceOptions = {},
) {
	const end = await conntrace(
		["doctor", "--json", ...(command.length > 0 ? ["--", ...command] : [])],
		options,
	);
	return { ...end, diagnosis: JSON.parse(end.stdout) as Diagnosis };
}

async function programFile(name: string, source: string): Promise<string> {
	const folder = await mkdtemp(join(inject("temporaryDirectory"), "doctor-"));
	const file = join(folder, name);
	await writeFile(file, source);
	return file;
}

/** Spans go to a file: no collector is part of the question. */
const TO_A_FILE = { CONNTRACE_FILE: join(resolve(), "unused.jsonl") };

function stateOf(diagnosis: Diagnosis, name: string) {
	return diagnosis.processes[0]?.functions.find((one) => one.name === name);
}

describe.concurrent("conntrace doctor", () => {
	it("finds nothing wrong where nothing is", async () => {
		const collector = await startCollector();
		const { status, diagnosis, stderr } = await diagnose([], {
			environment: {
				...exportingTo(collector.origin),
				OTEL_EXPORTER_OTLP_HEADERS: "x-key=verysecret",
			},
		});
		await collector.close();
		expect([diagnosis.problems, status, stderr]).toEqual([[], 0, ""]);
		for (const name of HOOKED) {
			expect([name, stateOf(diagnosis, name)]).toEqual([
				name,
				{ name, state: "hooked" },
			]);
		}
		expect(diagnosis.trial).toEqual({
			"http.request": ["fresh", "reused"],
			fetch: ["fresh"],
		});
		expect(diagnosis.endpoint).toEqual({
			url: `${collector.origin}/v1/traces`,
			accepted: true,
			answer: "takes spans",
		});
		expect(collector.requests).toMatchObject([
			{ target: "POST /v1/traces", spans: [] },
		]);
		expect(diagnosis.packages).toContainEqual({
			name: "@opentelemetry/api",
			version: "1.9.1",
		});
		expect(diagnosis.settings).toEqual(
			expect.arrayContaining([
				{
					variable: "OTEL_EXPORTER_OTLP_HEADERS",
					value: "x-key",
					source: "variable",
				},
				{
					variable: "CONNTRACE_REUSED_RATIO",
					value: "1",
					source: "default",
				},
			]),
		);
		expect(JSON.stringify(diagnosis)).not.toContain("verysecret");
	});

	it("names values that cannot be read and variables that do not exist", async () => {
		const { status, stdout } = await conntrace(["doctor"], {
			environment: {
				...TO_A_FILE,
				CONNTRACE_SLOW_MS: "soon",
				CONNTRACE_HOST: "a",
			},
		});
		expect(status).toBe(1);
		expect(stdout).toMatch(/CONNTRACE_SLOW_MS +- +rejected/);
		expect(stdout).toContain("- CONNTRACE_SLOW_MS=soon: expected milliseconds");
		expect(stdout).toContain("- CONNTRACE_HOST: there is no such variable");
		expect(stdout).toContain("2 wrong");
	});

	it.each([
		[404, "HTTP status 404: it takes no traces at this path"],
		[401, "HTTP status 401: it wants credentials"],
		[503, "HTTP status 503"],
	])("says that the collector answers %i", async (code, answer) => {
		const collector = await startCollector([{ status: code }]);
		const { status, diagnosis } = await diagnose([], {
			environment: exportingTo(collector.origin),
		});
		await collector.close();
		expect(status).toBe(1);
		expect(diagnosis.problems).toEqual([expect.stringContaining(answer)]);
	});

	it("says that nothing listens", async () => {
		const collector = await startCollector();
		await collector.close();
		const { status, diagnosis } = await diagnose([], {
			environment: exportingTo(collector.origin),
		});
		expect(status).toBe(1);
		expect(diagnosis.problems).toEqual([
			`the collector ${collector.origin}/v1/traces takes no spans: ECONNREFUSED: nothing listens there`,
		]);
	});

	it("says that the agent is switched off, or that its spans go nowhere", async () => {
		const off = await diagnose([], {
			environment: { ...TO_A_FILE, OTEL_SDK_DISABLED: "true" },
		});
		expect([off.status, off.diagnosis.problems]).toEqual([
			1,
			["OTEL_SDK_DISABLED=true: nothing is traced"],
		]);
		const nowhere = await diagnose([], {
			environment: { CONNTRACE_FILE: "/proc/nowhere/spans.jsonl" },
		});
		expect([nowhere.status, nowhere.diagnosis.problems]).toEqual([
			1,
			[
				expect.stringMatching(
					/^CONNTRACE_FILE=\/proc\/nowhere\/spans.jsonl cannot be written/,
				),
			],
		]);
	});

	it("looks at a command, whose output does not mix with the result", async () => {
		const file = await programFile(
			"app.cjs",
			"console.log('of the program'); process.exitCode = 3;",
		);
		const { status, stderr, diagnosis } = await diagnose([NODE, file], {
			environment: TO_A_FILE,
		});
		expect([status, diagnosis.problems, stderr]).toEqual([
			0,
			[],
			"of the program\n",
		]);
		expect(diagnosis.commandStatus).toBe(3);
		expect(diagnosis.processes).toMatchObject([{ program: "app.cjs" }]);
	});

	it("names who has displaced a hook, and who has wrapped one", async () => {
		const file = await programFile(
			"displacing.cjs",
			`const { Agent } = require("node:http");
			const { addRequest } = Agent.prototype;
			Agent.prototype.addRequest = function (...args) { return addRequest.apply(this, args); };
			Agent.prototype.createSocket = function () { throw new Error("none"); };`,
		);
		const { status, diagnosis } = await diagnose([NODE, file], {
			environment: TO_A_FILE,
		});
		expect(status).toBe(1);
		expect(stateOf(diagnosis, "http.Agent.prototype.addRequest")).toEqual({
			name: "http.Agent.prototype.addRequest",
			state: "wrapped",
			by: file,
		});
		expect(stateOf(diagnosis, "http.Agent.prototype.createSocket")).toEqual({
			name: "http.Agent.prototype.createSocket",
			state: "displaced",
			by: file,
		});
		expect(diagnosis.problems).toEqual([
			expect.stringContaining(
				`${file} has taken the place of http.Agent.prototype.createSocket;`,
			),
		]);
	});

	it("knows OpenTelemetry instrumentations that stand around its hooks and beside them", async () => {
		const packages = resolve("test/library/otel-2/node_modules");
		const file = await programFile(
			"instrumented.cjs",
			`const { getNodeAutoInstrumentations } = require(${JSON.stringify(`${packages}/@opentelemetry/auto-instrumentations-node`)});
			getNodeAutoInstrumentations();
			for (const name of ["net", "dns", "http"]) require(name);`,
		);
		const { status, diagnosis } = await diagnose([NODE, file], {
			environment: TO_A_FILE,
		});
		expect([status, diagnosis.problems]).toEqual([0, []]);
		for (const [name, state, by] of [
			["net.Socket.prototype.connect", "wrapped", "net 0.67.0"],
			["dns.lookup", "wrapped", "dns 0.66.0"],
			["http.request", "foreign", "http 0.223.0"],
		] as const) {
			expect(stateOf(diagnosis, name)).toEqual({
				name,
				state,
				by: `@opentelemetry/instrumentation-${by}`,
			});
		}
	});

	it(
		"knows the agent of Datadog around its hooks",
		async () => {
			const packages = resolve("test/doctor/dd-trace");
			installPackages(packages);
			const file = await programFile(
				"datadog.cjs",
				`require(${JSON.stringify(resolve(DATADOG, "node_modules/dd-trace"))}).init({ startupLogs: false });
			for (const name of ["net", "dns", "http"]) require(name);
			process.exit();`,
			);
			// It stands back where OpenTelemetry's exporter is switched off.
			const collector = await startCollector();
			const { status, diagnosis } = await diagnose([NODE, file], {
				environment: {
					...exportingTo(collector.origin),
					DD_TRACE_AGENT_URL: "http://127.0.0.1:1",
					DD_INSTRUMENTATION_TELEMETRY_ENABLED: "false",
					DD_REMOTE_CONFIGURATION_ENABLED: "false",
				},
			});
			await collector.close();
			expect([status, diagnosis.problems]).toEqual([0, []]);
			for (const name of ["net.Socket.prototype.connect", "dns.lookup"]) {
				expect(stateOf(diagnosis, name)).toEqual({
					name,
					state: "wrapped",
					by: "dd-trace 5.132.0",
				});
			}
			expect(stateOf(diagnosis, "http.request")).toMatchObject({
				state: "foreign",
			});
		},
		INSTALLATION_MS,
	);

	it("finds a second copy of conntrace", async () => {
		const folder = await mkdtemp(join(inject("temporaryDirectory"), "doctor-"));
		const copy = join(folder, "node_modules/conntrace/dist/register.js");
		await mkdir(join(folder, "node_modules/conntrace/dist"), {
			recursive: true,
		});
		await copyFile("package.json", join(copy, "../../package.json"));
		await copyFile("dist/register.js", copy);
		const { status, diagnosis } = await diagnose([NODE, "-e", ""], {
			environment: { ...TO_A_FILE, NODE_OPTIONS: `--require ${copy}` },
		});
		expect(status).toBe(1);
		expect(diagnosis.problems).toEqual([
			expect.stringContaining(
				`a second copy of conntrace is loaded, conntrace 0.1.0 (${copy}); it traces in place of this one`,
			),
		]);
	});

	it("says so where there is nothing to look at, or no command", async () => {
		const { status, diagnosis } = await diagnose(["true"], {
			environment: TO_A_FILE,
		});
		expect([status, diagnosis.problems]).toEqual([
			1,
			["no Node.js process ended with the agent in it"],
		]);
		const missing = await conntrace(["doctor", "--", "no-such-command"]);
		expect([missing.status, missing.stderr]).toEqual([
			127,
			"conntrace: no-such-command: command not found\n",
		]);
	});
});
