// What the agent and its peers tell of the same requests: `node bench/compare.mjs`. The peers: `npm install --prefix bench`.
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { startEnds } from "./compare/ends.mjs";
import { FACTS, factsOf } from "./compare/facts.mjs";
import { fromDatadog } from "./compare/spans.mjs";
import { markdownTable } from "./markdown.mjs";
import { COMMON, readOptions } from "./options.mjs";
import { ROWS, whyLeftOut } from "./rows.mjs";

const run = promisify(execFile);

/** Rows of the measurements, and what they are called here. */
const COMPARED = {
	conntrace: "conntrace",
	"OpenTelemetry dns + net": "OpenTelemetry dns + net",
	"the same + http + aws-sdk + undici": "dns + net + http + aws-sdk + undici",
	"OpenTelemetry auto-instrumentations": "auto-instrumentations",
	"dd-trace 5": "dd-trace 5",
	"dd-trace 6": "dd-trace 6",
};

const options = readOptions({
	only: ["peers whose name contains it", ""],
	...COMMON,
});

const { stdout: answered } = await run(options.node, ["--version"]);
const version = answered.trim().slice(1);
const directory = await mkdtemp(join(tmpdir(), "conntrace-compare-"));
const columns = {};
for (const [row, name] of Object.entries(COMPARED)) {
	if (!name.includes(options.only)) continue;
	const why = whyLeftOut(ROWS[row], version);
	if (why) console.error(`${name}: left out; ${why}`);
	else columns[name] = await compared(ROWS[row]);
}
await rm(directory, { recursive: true });
if (options.json)
	await writeFile(options.json, JSON.stringify(columns, null, "\t"));
console.log(
	markdownTable(
		["fact", ...Object.keys(columns)],
		Object.keys(FACTS).map((fact) => [
			fact,
			...Object.values(columns).map((facts) => facts[fact]),
		]),
	),
);

/** Runs the program once under a peer, and judges what it told. */
async function compared({ preload, env }) {
	const ends = await startEnds();
	try {
		const certificate = join(directory, "certificate.pem");
		await writeFile(certificate, ends.cert);
		const { stdout } = await run(
			options.node,
			[
				"--require",
				preload,
				fileURLToPath(new URL("workloads/compared.cjs", import.meta.url)),
			],
			{
				cwd: fileURLToPath(new URL(".", import.meta.url)),
				env: {
					PATH: process.env.PATH,
					NODE_EXTRA_CA_CERTS: certificate,
					NODE_NO_WARNINGS: "1",
					BENCH_ORIGIN: ends.origin,
					...env,
					OTEL_EXPORTER_OTLP_ENDPOINT: ends.collector,
					OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
					// dd-trace says on standard output what it would send to its agent.
					DD_TRACE_EXPERIMENTAL_EXPORTER: "log",
					DD_INSTRUMENTATION_TELEMETRY_ENABLED: "false",
				},
			},
		);
		const spans = [...ends.spans, ...fromDatadog(stdout)];
		return factsOf(ends.requests, spans);
	} finally {
		ends.close();
	}
}
