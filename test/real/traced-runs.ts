import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { basename, delimiter, dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { inject } from "vitest";
import type { Report } from "../../src/report/model.js";
import { CREDENTIALS, TABLE } from "../support/dynamodb.js";
import { readSpans, type Span } from "../support/spans.js";

export const PUTS = 40;

/** A run of the example handler by `conntrace run`. */
export interface TracedRun {
	readonly spans: readonly Span[];
	/** File of the spans. */
	readonly otlp: string;
	/** File of the report. */
	readonly html: string;
}

/**
 * @param client how the handler uses the SDK's client, as `CLIENT` of examples/handler.js takes it
 * @param endpoint a DynamoDB
 */
export async function runHandler(
	client: string,
	endpoint: string,
): Promise<TracedRun> {
	const folder = inject("temporaryDirectory");
	const otlp = join(folder, `${client}.jsonl`);
	const html = join(folder, `${client}.html`);
	await conntrace(
		[
			"run",
			"--otlp",
			otlp,
			"--html",
			html,
			"--",
			"node",
			"examples/handler.js",
		],
		{
			env: {
				AWS_ENDPOINT_URL_DYNAMODB: endpoint,
				AWS_REGION: "eu-west-1",
				AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
				AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
				NODE_EXTRA_CA_CERTS: inject("authorityFile"),
				TABLE_NAME: TABLE,
				CLIENT: client,
				COUNT: String(PUTS),
				INTERVAL_MS: "50",
				OTEL_TRACES_EXPORTER: "none",
				// The SDK warns of Node versions that it will leave behind.
				NODE_NO_WARNINGS: "1",
			},
		},
	);
	return { spans: readSpans(await readFile(otlp, "utf8")), otlp, html };
}

/** @returns file of the report that compares the runs */
export async function compare(
	before: TracedRun,
	after: TracedRun,
): Promise<string> {
	const html = join(inject("temporaryDirectory"), "comparison.html");
	const sources = [basename(before.otlp), basename(after.otlp)];
	await conntrace(["report", "--compare", ...sources, "--html", html], {
		cwd: dirname(html),
	});
	return html;
}

/** The quick form of the experiment over a network that is not for nothing. */
export async function experiment(): Promise<{
	readonly html: string;
	readonly report: Report;
}> {
	const folder = inject("temporaryDirectory");
	const html = join(folder, "experiment.html");
	const json = join(folder, "experiment.json");
	const network = ["--rtt", "20", "--dns", "10"];
	await conntrace(
		["experiment", "--quick", ...network, "--html", html, "--json", json],
		{},
	);
	return { html, report: JSON.parse(await readFile(json, "utf8")) };
}

/** The Node that runs the tests comes first. */
const PATH = [dirname(process.execPath), process.env.PATH].join(delimiter);

async function conntrace(
	args: readonly string[],
	{ env, cwd }: { env?: NodeJS.ProcessEnv; cwd?: string },
): Promise<void> {
	await promisify(execFile)(
		process.execPath,
		[resolve("dist/cli.js"), ...args],
		{
			env: { PATH, ...env },
			cwd,
		},
	);
}
