// Makes as many requests as one process can, and says what became of their spans with a collector that keeps up, one
// that is slow and one that never answers: how long the event loop is held up, and how much memory is taken at most, next
// to the same without the agent. `node bench/flood.mjs --help` tells the options.
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { figure, markdownTable } from "./markdown.mjs";
import { COMMON, readOptions } from "./options.mjs";
import { startOtherEnds } from "./other-ends.mjs";
import { ROWS } from "./rows.mjs";

const { preload } = ROWS.conntrace;

/** Where spans go; the paths are those of the collector in servers.mjs. */
const ROWS_OF_FLOOD = {
	"nowhere: no agent": {},
	"a collector that keeps up": { preload, path: "", keepsUp: true },
	"one that takes 2 s for each request": { preload, path: "/slow" },
	"one that never answers": { preload, path: "/hangs" },
};

const options = readOptions({
	seconds: ["how long each of them takes", 60],
	...COMMON,
});
const ends = await startOtherEnds();

async function flood({ preload, path }) {
	const { stdout, stderr } = await promisify(execFile)(
		options.node,
		[
			...(preload ? ["--require", preload] : []),
			fileURLToPath(new URL("workloads/flood.cjs", import.meta.url)),
		],
		{
			env: {
				...ends.environment,
				BENCH_PLAIN: `http://127.0.0.1:${ends.plain}`,
				BENCH_SECONDS: String(options.seconds),
				OTEL_EXPORTER_OTLP_ENDPOINT: `${ends.environment.OTEL_EXPORTER_OTLP_ENDPOINT}${path}`,
				OTEL_LOG_LEVEL: "info",
				// Less is enough but on a machine that has much else to do.
				CONNTRACE_FLUSH_TIMEOUT: "5000",
			},
		},
	);
	return { ...JSON.parse(stdout), ...(preload && accountIn(stderr)) };
}

/** What the agent says of all its spans at the end; every one has to be accounted for. */
function accountIn(stderr) {
	const [, ...counts] =
		/(\d+) spans: (\d+) delivered to .*, 0 left out by choice, (\d+) lost/.exec(
			stderr,
		) ?? [];
	const [spans, delivered, lost] = counts.map(Number);
	if (!(spans === delivered + lost))
		throw new Error(`no account that closes in:\n${stderr}`);
	return { spans, delivered, lost };
}

const results = {};
for (const [name, row] of Object.entries(ROWS_OF_FLOOD)) {
	const result = await flood(row);
	if (row.preload && result.spans < result.puts)
		throw new Error(`${name}: ${result.spans} spans for ${result.puts} puts`);
	if (row.keepsUp && result.lost > 0) process.exitCode = 1;
	results[name] = result;
}
await ends.stop();
if (options.json)
	await writeFile(options.json, JSON.stringify(results, null, "\t"));

console.log(
	markdownTable(
		[
			"spans go to",
			"requests/s",
			"delivered",
			"lost",
			"late, p99",
			"p99.9",
			"longest",
			"resident at most",
		],
		Object.entries(results).map(([name, result]) => [
			name,
			(result.puts / options.seconds).toFixed(0),
			String(result.delivered ?? ""),
			String(result.lost ?? ""),
			...Object.values(result.late).map((late) => `${figure(late)} ms`),
			`${figure(result.resident)} MiB`,
		]),
	),
);
