// Measures what the agent and its peers add to a plain program: `npm run bench`. `--help` tells the options.
import { execFile, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import Table from "cli-table3";
import { ROWS } from "./rows.mjs";
import { interval, median } from "./statistics.mjs";

const WORKLOADS = {
	"reused put, SDK v3": { script: "sdk.mjs", count: 4000, unit: "µs" },
	"reused put, raw, 16 at once": {
		script: "raw.mjs",
		args: ["reused"],
		count: 20_000,
		unit: "µs",
	},
	"fresh connection": {
		script: "raw.mjs",
		args: ["fresh"],
		count: 800,
		unit: "µs",
	},
	"start-up": { script: "start.mjs", unit: "ms" },
	"memory after 20,000 puts": {
		script: "sdk.mjs",
		count: 16_000,
		figure: "memory",
		unit: "MiB",
	},
};

const HELP = `npm run bench -- [options]
  --runs N       interleaved runs of each row (default 7)
  --only TEXT    rows whose name contains it
  --work TEXT    workloads whose name contains it
  --node BINARY  the Node.js to measure under (default: this one)
  --json FILE    writes every figure`;

const { values: options } = parseArgs({
	options: {
		runs: { type: "string", default: "7" },
		only: { type: "string", default: "" },
		work: { type: "string", default: "" },
		node: { type: "string", default: process.execPath },
		json: { type: "string" },
		help: { type: "boolean" },
	},
});
if (options.help) {
	console.log(HELP);
	process.exit();
}
const runs = Number(options.runs);
if (!Number.isInteger(runs) || runs < 1)
	throw new Error(`--runs ${options.runs}: expected a whole number from 1`);

const directory = await mkdtemp(join(tmpdir(), "conntrace-bench-"));
const servers = fork(new URL("servers.mjs", import.meta.url));
const [{ cert, puts, collector }] = await once(servers, "message");
const certificate = join(directory, "certificate.pem");
await writeFile(certificate, cert);

/** The peers come with an installation of their own, for they are large. */
function isInstalled(name, preload) {
	try {
		if (preload) createRequire(import.meta.url).resolve(preload);
		return true;
	} catch {
		console.error(`${name}: left out; to have it, npm install --prefix bench`);
		return false;
	}
}

/** Bytes that the collector got since it was last asked. */
async function received() {
	const answer = once(servers, "message");
	servers.send("received?");
	return (await answer)[0].received;
}

async function run(workload, row) {
	const { script, args = [], count = 0, figure = "cpu" } = workload;
	await received();
	const { stdout } = await promisify(execFile)(
		options.node,
		[
			...(row.preload ? ["--require", row.preload] : []),
			fileURLToPath(new URL(`workloads/${script}`, import.meta.url)),
			...args,
		],
		{
			cwd: fileURLToPath(new URL(".", import.meta.url)),
			env: {
				PATH: process.env.PATH,
				NODE_EXTRA_CA_CERTS: certificate,
				NODE_NO_WARNINGS: "1",
				BENCH_ORIGIN: `https://localhost:${puts}`,
				BENCH_COUNT: String(count),
				OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector}`,
				...(row.datadog && {
					DD_TRACE_AGENT_URL: `http://127.0.0.1:${collector}`,
				}),
				...row.env,
			},
		},
	);
	const bytes = await received();
	if (row.exports && count > 0 && bytes < count)
		throw new Error(`no spans arrived: ${bytes} bytes for ${count} puts`);
	return { value: JSON.parse(stdout.trim().split("\n").at(-1))[figure], bytes };
}

const rows = Object.entries(ROWS).filter(
	([name, { preload }]) =>
		name.includes(options.only) && isInstalled(name, preload),
);
const results = [];
for (const [work, workload] of Object.entries(WORKLOADS)) {
	if (!work.includes(options.work)) continue;
	const added = Object.fromEntries(rows.map(([name]) => [name, []]));
	const base = [];
	for (let round = 1; round <= runs; round++) {
		if (process.stderr.isTTY)
			process.stderr.write(`\r${work}: round ${round} of ${runs} `);
		const { value: plain } = await run(workload, {});
		base.push(plain);
		for (const [name, row] of rows) {
			const { value } = await run(workload, row);
			added[name].push(value - plain);
		}
	}
	for (const [name, differences] of Object.entries(added)) {
		results.push({
			work,
			unit: workload.unit,
			row: name,
			plain: median(base),
			added: median(differences),
			interval: interval(differences),
			differences,
		});
	}
}
servers.kill();
await rm(directory, { recursive: true });
if (options.json)
	await writeFile(options.json, JSON.stringify(results, null, "\t"));

const table = new Table({
	head: ["work", "plain", "preload", "added", "95 % interval"],
	style: { head: [] },
});
for (const { work, unit, row, plain, added, interval: bounds } of results) {
	table.push([
		work,
		`${plain.toFixed(1)} ${unit}`,
		row,
		`${added.toFixed(1)} ${unit}`,
		bounds.map((bound) => bound.toFixed(1)).join(" to "),
	]);
}
console.log(table.toString());
