#!/usr/bin/env node
import { Command, InvalidArgumentError, Option } from "commander";
import { SpawnFailure } from "./commands/child";
import { doctor } from "./commands/doctor";
import { report } from "./commands/report";
import { run } from "./commands/run";
import { REASONS, type Reason } from "./connections/reason";
import { Failure } from "./failure";
import { printable } from "./printable";
import { VERSION } from "./version";

const program = new Command("conntrace")
	.description(
		"Shows for every outgoing call of a Node.js program whether its connection was reused or fresh, why, and what DNS, TCP and TLS cost.",
	)
	.version(VERSION)
	.enablePositionalOptions()
	.showHelpAfterError("(--help shows what there is)")
	.addHelpText(
		"after",
		`
Examples:
  conntrace run -- node handler.js         run a program and sum up its connections
  conntrace report http://localhost:16686  the same of what Jaeger has
  conntrace experiment --quick             what each way to use a DynamoDB client costs
  conntrace doctor                         why traces are missing or incomplete
  conntrace run --help                     options and more examples`,
	);

program
	.command("run")
	.summary("run a command and sum up the connections of its Node.js processes")
	.description(
		`Runs any command with the agent in all its Node.js processes and says at the end, on stderr, what their connections did:
per host the connections, reuse, DNS lookups, set-up time paid and latencies, why connections were fresh, and what to do.
The command keeps its own input, output, signals and exit status. Spans go on to OTEL_EXPORTER_OTLP_ENDPOINT, or to a
Jaeger on this machine if one answers on port 4318.`,
	)
	.argument("<command...>", "what to run, with its arguments; put -- before it")
	.passThroughOptions()
	.option("--html <file>", "write the report as one HTML file")
	.option("--json <file>", "write the report as JSON")
	.option("--otlp <file>", "write all spans as OTLP JSON lines")
	.addOption(
		new Option(
			"--fail-on <reasons>",
			"exit with 1 if a connection was fresh for one of these reasons, separated by commas",
		)
			.argParser(parseReasons)
			.default([], "none"),
	)
	.option(
		"--min-reuse <ratio>",
		"exit with 1 if a smaller share of the requests reused a connection (0 to 1)",
		parseRatio,
	)
	.addHelpText(
		"after",
		`
Examples:
  conntrace run -- node handler.js
  conntrace run --html report.html -- npm start
  conntrace run --fail-on keep_alive_disabled,different_agent -- node handler.js
  conntrace run --min-reuse 0.9 --json report.json -- npm test

Reasons: ${REASONS.join(", ")}
What each means: docs/reasons.md`,
	)
	.action(async (command, options) => {
		process.exitCode = await run(command, options);
	});

program
	.command("report")
	.summary("sum up the connections in spans of a Jaeger or of files")
	.description(
		`Reads spans of conntrace back and says what their connections did, as "conntrace run" does for a command.
A source is the address of a Jaeger, whose v3 HTTP API is asked, or a file of OTLP JSON: what --otlp and CONNTRACE_FILE
write, what the OpenTelemetry Collector's file exporter writes, or a single document; also gzip. - is standard input.
Several sources are summed up as one, or compared.`,
	)
	.argument("<source...>", "addresses of Jaegers, files, or -")
	.option("--compare", "set two sources side by side, before and after", false)
	.option(
		"--service <name>",
		"a service of the Jaeger, may be repeated (default: all)",
		(name: string, names: string[]) => [...names, name],
		[],
	)
	.addOption(
		new Option("--lookback <time>", "how far back to look in the Jaeger")
			.argParser(parseLookback)
			.default(3_600_000, "1h"),
	)
	.addOption(
		new Option(
			"--limit <traces>",
			"traces to read per service, the latest ones",
		)
			.argParser(parseLimit)
			.default(10_000),
	)
	.option("--html <file>", "write the report as one HTML file")
	.option("--json <file>", "write the report as JSON; - is standard output")
	.addHelpText(
		"after",
		`
Examples:
  conntrace report http://localhost:16686
  conntrace report http://localhost:16686 --service shop --lookback 6h --html report.html
  conntrace report spans.jsonl spans-2.jsonl.gz
  conntrace report --compare before.jsonl after.jsonl
  zcat spans.jsonl.gz | conntrace report --json - - | jq .runs[0].overall`,
	)
	.action(async (sources, options) => {
		await report(sources, options);
	});

program
	.command("experiment")
	.summary("show on a DynamoDB what each way to use its client costs")
	.description(
		`Makes the same DynamoDB puts in many ways (SDK v2 and v3 as they come and with other settings, a client per call, more
endpoints than pools, slower and faster than the server's idle limit, TCP keep-alive on and off, a frozen process) on an
embedded DynamoDB behind TLS, and tells in order what the connections did; each claim stands with its measured numbers.
Takes about three minutes, with --quick less than one.`,
	)
	.option("--quick", "the same with shorter pauses and fewer calls", false)
	.addOption(
		new Option("--rtt <ms>", "round trip to add to the embedded server")
			.argParser(parseMilliseconds)
			.default(0),
	)
	.addOption(
		new Option("--dns <ms>", "time to add to each name resolution")
			.argParser(parseMilliseconds)
			.default(0),
	)
	.option(
		"--endpoint <url>",
		"use this DynamoDB, by the AWS settings of the environment, without what needs the embedded one",
		parseUrl,
	)
	.option(
		"--table <name>",
		"its table, with keys userId and postId",
		"keepalive-test",
	)
	.option("--html <file>", "write the report as one HTML file")
	.option("--json <file>", "write the report as JSON; - is standard output")
	.addHelpText(
		"after",
		`
Examples:
  conntrace experiment --quick --html experiment.html
  conntrace experiment --rtt 20 --dns 10 --html experiment.html
  conntrace experiment --endpoint https://dynamodb.eu-west-1.amazonaws.com --table keepalive-test`,
	)
	.action(async (options) => {
		// Loaded when it is wanted, for it brings a DynamoDB.
		const { experiment } = await import("./commands/experiment");
		process.exitCode = await experiment(options);
	});

program
	.command("doctor")
	.summary("find out why traces are missing or incomplete")
	.description(
		`Says what is here (versions of Node.js, OpenTelemetry and AWS SDKs), whether the agent's functions are in place or displaced
by somebody else's, what the configured collector answers to an empty request, and the configuration in force with where
each value comes from. Without a command a small program of its own makes requests on the loopback interface; with one, it
looks at all Node.js processes of that command when they end, and what the command prints goes to stderr.
The exit status is 1 if something is wrong.`,
	)
	.argument(
		"[command...]",
		"what to look at, with its arguments; put -- before it",
	)
	.passThroughOptions()
	.option("--json", "print the result as JSON", false)
	.addHelpText(
		"after",
		`
Examples:
  conntrace doctor
  conntrace doctor -- node handler.js
  conntrace doctor --json -- npm start`,
	)
	.action(async (command, options) => {
		process.exitCode = await doctor(command, options);
	});

function parseReasons(text: string): Reason[] {
	return text.split(",").map((name) => {
		const reason = REASONS.find((known) => known === name.trim());
		if (reason) return reason;
		throw new InvalidArgumentError(
			`"${name.trim()}" is no reason; expected some of ${REASONS.join(", ")}.`,
		);
	});
}

const UNITS: Readonly<Record<string, number>> = {
	s: 1000,
	m: 60_000,
	h: 3_600_000,
	d: 86_400_000,
};

function parseLookback(text: string): number {
	const [, number, unit = ""] = /^(\d+)([smhd])$/.exec(text) ?? [];
	const milliseconds = Number(number) * (UNITS[unit] ?? Number.NaN);
	if (milliseconds > 0) return milliseconds;
	throw new InvalidArgumentError(
		"Expected a number and s, m, h or d, such as 30m.",
	);
}

function parseLimit(text: string): number {
	if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
	throw new InvalidArgumentError("Expected a whole number from 1.");
}

function parseMilliseconds(text: string): number {
	if (/^\d{1,5}$/.test(text)) return Number(text);
	throw new InvalidArgumentError("Expected milliseconds, from 0 to 99999.");
}

function parseUrl(text: string): string {
	if (/^https?:\/\//i.test(text) && URL.canParse(text)) return text;
	throw new InvalidArgumentError("Expected an http or https URL.");
}

function parseRatio(text: string): number {
	const ratio = /^(\d*\.)?\d+$/.test(text) ? Number(text) : Number.NaN;
	if (ratio >= 0 && ratio <= 1) return ratio;
	throw new InvalidArgumentError("Expected a number from 0 to 1.");
}

program.parseAsync().catch((error: unknown) => {
	console.error(
		error instanceof Failure ? `conntrace: ${printable(error.message)}` : error,
	);
	process.exitCode = error instanceof SpawnFailure ? error.status : 1;
});
