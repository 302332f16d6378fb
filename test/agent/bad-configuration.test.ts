import { describe, expect } from "vitest";
import {
	type Configuration,
	readConfiguration,
} from "../../src/agent/config.js";
import { runScenario, type Scenario, test } from "../support/scenario.js";
import { requestsOf } from "../support/spans.js";
import { readLambda, variablesRead } from "../support/variables.js";

interface Variable {
	/** Values that cannot be read, besides {@link NONSENSE}; none if any value will do. */
	readonly bad?: readonly string[];
	/** What the line says after the name, and after the value where that is not a secret. */
	readonly line?: string;
	/** The value is not repeated. */
	readonly secret?: boolean;
	/** Values that can be read, though nobody would write them. */
	readonly extreme: readonly string[];
}

/** What is neither a number nor a name nor an address. */
const NONSENSE = [
	"soon",
	"-1",
	"NaN",
	"0x10",
	"1e3",
	"1,5",
	"\u001b[31m1\n2",
	"a".repeat(10_000),
	"\u202e1",
];

const MILLISECONDS: Omit<Variable, "line"> = {
	bad: ["0", "9".repeat(400), "1.5"],
	extreme: ["1", String(2 ** 31 - 1), "00000000000000000001"],
};
const COUNT = MILLISECONDS;
const RATIO: Variable = {
	bad: ["1.1", "-0", "1."],
	line: "expected a ratio from 0 to 1; using 1",
	extreme: [`0.${"0".repeat(400)}1`, "1.0"],
};
const SWITCH: Variable = {
	bad: ["true", "on", "2"],
	line: "expected 0 or 1; using 0",
	extreme: ["1"],
};
const URL_LINE = "expected an http or https URL; using";
const BAD_URLS = [
	"ftp://user:secret@host",
	"http://",
	"http://100%:secret@host",
	"http://host:99999",
];
const ENDPOINT: Variable = {
	bad: BAD_URLS,
	line: `${URL_LINE} http://localhost:4318/v1/traces`,
	secret: true,
	extreme: [`http://127.0.0.1:1/${"a".repeat(10_000)}`, "HTTP://[::1]:1"],
};
const HEADERS: Variable = {
	bad: [
		"a secret",
		"a b=c",
		"=a",
		"a=%E0%A4%A",
		"a=\u0001",
		"a=b,secret,other",
	],
	line: "expected key=value pairs; using the others",
	secret: true,
	extreme: [`a=${"b".repeat(10_000)}`, ",,,", "a=", "a==="],
};
const FILE: Variable = {
	bad: ["/", "/nowhere/at/all", "package.json", "-----BEGIN PRIVATE KEY-----"],
	line: "expected the path of a PEM file",
	secret: true,
	extreme: [],
};
const COMPRESSION: Variable = {
	bad: ["GZIP", "br"],
	line: "expected gzip or none; using none",
	extreme: ["gzip"],
};
const PROTOCOL: Variable = {
	bad: ["grpc"],
	line: "expected http/protobuf or http/json; using http/protobuf",
	extreme: ["http/protobuf"],
};
const TIMEOUT: Variable = {
	...MILLISECONDS,
	line: "expected milliseconds, a whole number from 1; using 10000",
};
const VALUE_LENGTH: Variable = {
	...COUNT,
	line: "expected characters, a whole number from 1; using 4096",
};
/** Names and texts that may be anything. */
const ANYTHING: Variable = { extreme: NONSENSE };
/** Set by Lambda itself. */
const BY_LAMBDA: Variable = { extreme: NONSENSE };

/** Every variable that the agent reads. */
const VARIABLES: Readonly<Record<string, Variable>> = {
	OTEL_SDK_DISABLED: {
		bad: ["1", "yes"],
		line: "expected true or false; using false",
		extreme: ["FALSE"],
	},
	OTEL_LOG_LEVEL: {
		bad: ["loud"],
		line: "expected one of none, error, warn, info, debug, verbose, all; using warn",
		extreme: ["ALL"],
	},
	OTEL_TRACES_EXPORTER: {
		bad: ["console", "otlp,console"],
		line: "expected otlp or none; using otlp",
		extreme: ["otlp"],
	},
	OTEL_TRACES_SAMPLER: {
		bad: ["jaeger_remote"],
		line: "expected one of always_on, always_off, traceidratio, parentbased_always_on, parentbased_always_off, parentbased_traceidratio; using parentbased_always_on",
		extreme: ["always_on"],
	},
	OTEL_TRACES_SAMPLER_ARG: RATIO,
	OTEL_SERVICE_NAME: ANYTHING,
	OTEL_RESOURCE_ATTRIBUTES: {
		bad: ["a secret", "a=b=c", "=a", "a=%E0%A4%A", "a=b,secret"],
		line: "expected key=value pairs, percent-encoded where they need it; using none",
		secret: true,
		extreme: [`a=${"b".repeat(10_000)}`, ",,,", "a=", "__proto__=a"],
	},
	OTEL_PROPAGATORS: ANYTHING,
	OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: VALUE_LENGTH,
	OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT: VALUE_LENGTH,
	OTEL_BSP_SCHEDULE_DELAY: {
		...MILLISECONDS,
		line: "expected milliseconds, a whole number from 1; using 5000",
	},
	OTEL_BSP_EXPORT_TIMEOUT: {
		...MILLISECONDS,
		line: "expected milliseconds, a whole number from 1; using 30000",
	},
	OTEL_BSP_MAX_QUEUE_SIZE: {
		...COUNT,
		line: "expected a whole number from 1; using none",
	},
	OTEL_BSP_MAX_EXPORT_BATCH_SIZE: {
		...COUNT,
		line: "expected a whole number from 1; using 512",
	},
	...Object.fromEntries(
		["OTEL_EXPORTER_OTLP_", "OTEL_EXPORTER_OTLP_TRACES_"].flatMap((prefix) => [
			[`${prefix}ENDPOINT`, ENDPOINT],
			[`${prefix}HEADERS`, HEADERS],
			[`${prefix}TIMEOUT`, TIMEOUT],
			[`${prefix}COMPRESSION`, COMPRESSION],
			[`${prefix}PROTOCOL`, PROTOCOL],
			[`${prefix}CERTIFICATE`, FILE],
			[`${prefix}CLIENT_CERTIFICATE`, FILE],
			[`${prefix}CLIENT_KEY`, FILE],
		]),
	),
	CONNTRACE_RECEIVER: {
		bad: BAD_URLS,
		line: `${URL_LINE} none`,
		secret: true,
		extreme: [],
	},
	CONNTRACE_HOSTS: {
		extreme: [...NONSENSE, "*,".repeat(50_000), "[(", "*a".repeat(30)],
	},
	CONNTRACE_IGNORE_HOSTS: { extreme: [...NONSENSE, "x,".repeat(50_000), "\\"] },
	CONNTRACE_FILE: { extreme: ["/", "/nowhere/at/all", "a".repeat(5000)] },
	CONNTRACE_SUMMARY: SWITCH,
	CONNTRACE_DNS_TTL: SWITCH,
	CONNTRACE_FLUSH_TIMEOUT: {
		bad: ["60001", "9".repeat(400), "1.5"],
		line: "expected milliseconds, a whole number from 0 to 60000; using 500",
		extreme: ["60000"],
	},
	CONNTRACE_LAMBDA_FLUSH: {
		bad: ["never"],
		line: "expected after or before; using after",
		extreme: ["before"],
	},
	CONNTRACE_REUSED_RATIO: RATIO,
	CONNTRACE_SLOW_MS: {
		bad: ["1."],
		line: "expected milliseconds, a number from 0; using none",
		extreme: ["0", ".5", "9".repeat(400)],
	},
	AWS_NODEJS_CONNECTION_REUSE_ENABLED: ANYTHING,
	AWS_LAMBDA_FUNCTION_NAME: BY_LAMBDA,
	AWS_LAMBDA_FUNCTION_VERSION: BY_LAMBDA,
	AWS_LAMBDA_INITIALIZATION_TYPE: BY_LAMBDA,
	AWS_LAMBDA_MAX_CONCURRENCY: BY_LAMBDA,
	AWS_LAMBDA_NODEJS_USE_ALTERNATIVE_CLIENT_1: BY_LAMBDA,
	AWS_LAMBDA_RUNTIME_API: BY_LAMBDA,
	_HANDLER: BY_LAMBDA,
};

const NAMES = Object.keys(VARIABLES);

const badValuesOf = ({ bad }: Variable): readonly string[] =>
	bad ? [...NONSENSE, ...bad] : [];

/** As it is where nothing is said, but for functions. */
function plain({ tracesHost: _, ...rest }: Configuration): unknown {
	return rest;
}

describe("a variable", () => {
	test("is in the table if the agent reads it", () => {
		expect(NAMES).toEqual(expect.arrayContaining([...variablesRead()]));
	});

	for (const [name, variable] of Object.entries(VARIABLES)) {
		const { line = "", secret, extreme } = variable;
		const values = badValuesOf(variable);
		if (values.length > 0) {
			test(`${name} that cannot be read is named in one line, and the default is used`, () => {
				const { configuration: usual } = readConfiguration({});
				for (const value of values) {
					const { configuration, warnings } = readConfiguration({
						[name]: value,
					});
					expect(warnings).toHaveLength(1);
					const [warning = ""] = warnings;
					expect(warning).toContain(`: ${line}`);
					expect(warning.startsWith(secret ? `${name}: ` : `${name}=`)).toBe(
						true,
					);
					expect(warning.length).toBeLessThan(400);
					if (secret) expect(warning).not.toMatch(/secret|BEGIN/);
					expect(plain(configuration)).toEqual(
						readable(name, value) ?? plain(usual),
					);
				}
			});
		}
		test(`${name} may be empty or extreme`, () => {
			for (const value of ["", " ", ...extreme]) {
				const { warnings } = readConfiguration({ [name]: value });
				expect(warnings).toEqual([]);
				readLambda({
					AWS_LAMBDA_RUNTIME_API: "a",
					_HANDLER: "a",
					[name]: value,
				});
			}
		});
	}
});

/** What is left of a list of which some can be read. */
function readable(name: string, value: string): unknown {
	if (!/HEADERS$/.test(name)) return undefined;
	const pairs = value.split(",").filter((pair) => /^\w+=\w+$/.test(pair));
	return plain(readConfiguration({ [name]: pairs.join() }).configuration);
}

/** Not looked at where there is another that says more. */
const SHADOWED = new Set([
	...[
		"TIMEOUT",
		"COMPRESSION",
		"PROTOCOL",
		"CERTIFICATE",
		"CLIENT_CERTIFICATE",
		"CLIENT_KEY",
	].map((name) => `OTEL_EXPORTER_OTLP_${name}`),
	"OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",
]);

/** Uses a connection twice and says so. */
const scenario: Scenario = async ({ client, get, report }) => {
	const agent = new client.Agent({ keepAlive: true });
	await get("/", { agent });
	report(await get("/", { agent }));
	agent.destroy();
};

describe.concurrent("a program", () => {
	const bad = NAMES.filter(
		(name) => badValuesOf(VARIABLES[name] as Variable).length > 0,
	);
	for (const [what, choose] of [
		["nonsense", () => "\u001b[31m1\n2"],
		["the worst", (name: string) => VARIABLES[name]?.bad?.at(-1) ?? ""],
	] as const) {
		test(`runs with ${what} in all variables at once, and says one line for each`, async ({
			http,
		}) => {
			const environment = Object.fromEntries(
				bad.map((name) => [name, choose(name)]),
			);
			const { exitCode, reports, stderr, spans } = await runScenario(
				http,
				scenario,
				{ environment },
			);
			expect([exitCode, reports]).toEqual([
				0,
				[expect.objectContaining({ number: 2 })],
			]);
			expect(requestsOf(spans)).toHaveLength(2);
			const lines = stderr
				.split("\n")
				.filter((line) => /: expected /.test(line));
			expect(
				lines.map((line) => /^conntrace: (\w+)/.exec(line)?.[1]).sort(),
			).toEqual(bad.filter((name) => !SHADOWED.has(name)).sort());
			expect(stderr.replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
		});
	}

	test("runs with extreme values in all variables at once, and its spans arrive", async ({
		http,
	}) => {
		const environment = Object.fromEntries(
			NAMES.map((name) => [name, VARIABLES[name]?.extreme[0] ?? ""]).filter(
				([name = ""]) =>
					!/^(AWS_LAMBDA|_HANDLER|CONNTRACE_(FILE|HOSTS|IGNORE_HOSTS|DNS_TTL)|OTEL_TRACES_SAMPLER)/.test(
						name,
					),
			),
		);
		const { exitCode, reports, spans } = await runScenario(http, scenario, {
			environment: { ...environment, CONNTRACE_FLUSH_TIMEOUT: "1" },
		});
		expect([exitCode, reports]).toEqual([
			0,
			[expect.objectContaining({ number: 2 })],
		]);
		expect(spans.length).toBeGreaterThanOrEqual(3);
	});

	test.for(["/", "/nowhere/at/all", "/dev/full", "a".repeat(1000)])(
		"runs with a CONNTRACE_FILE that cannot be written: %s",
		async (file, { http }) => {
			const { exitCode, reports, stderr } = await runScenario(http, scenario, {
				environment: { CONNTRACE_FILE: file },
			});
			expect([exitCode, reports]).toEqual([
				0,
				[expect.objectContaining({ number: 2 })],
			]);
			const [line, ...rest] = stderr.trimEnd().split("\n");
			expect(rest).toEqual([]);
			expect(line).toContain(
				"CONNTRACE_FILE must name a file that can be written",
			);
		},
	);
});
