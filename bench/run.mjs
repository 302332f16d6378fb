// Measures what the agent and its peers add to a plain program: `npm run bench`. `--help` tells the options.
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { difference, interleave } from "./interleave.mjs";
import { bounds, figure, markdownTable } from "./markdown.mjs";
import { COMMON, readOptions } from "./options.mjs";
import { startOtherEnds } from "./other-ends.mjs";
import { ROWS, whyLeftOut } from "./rows.mjs";

const run = promisify(execFile);

/** What each workload measures, with its unit, by the names in what it reports. */
const WORKLOADS = [
	{ script: "start.cjs", figures: { cpu: ["start of the process", "ms"] } },
	{
		script: "one-put.cjs",
		count: 1,
		fresh: true,
		whole: true,
		figures: { cpu: ["start and one put, SDK v3", "ms"] },
	},
	{
		script: "raw.cjs",
		args: ["reused"],
		count: 20_000,
		figures: { cpu: ["reused put, raw `https`, 16 at once", "µs"] },
	},
	{
		script: "raw.cjs",
		args: ["fresh"],
		count: 2000,
		fresh: true,
		figures: { cpu: ["fresh connection, with TLS", "µs"] },
	},
	// When V8 has done its part for all that a connection takes.
	{
		script: "raw.cjs",
		args: ["fresh", "8000"],
		count: 2000,
		fresh: true,
		figures: { cpu: ["fresh connection, in a warm process", "µs"] },
	},
	{
		script: "sdk.cjs",
		count: 16_000,
		figures: {
			cpu: ["reused put, AWS SDK v3, one at a time", "µs"],
			memory: ["memory after 20,000 puts", "MiB"],
		},
	},
];

const options = readOptions({
	runs: ["interleaved runs of each row", 7],
	only: ["rows whose name contains it", ""],
	work: ["workloads whose name contains it", ""],
	...COMMON,
});
const ends = await startOtherEnds();

const { stdout: answered } = await run(options.node, ["--version"]);
const version = answered.trim().slice(1);

function isMeasured([name, row]) {
	const why = whyLeftOut(row, version);
	if (why) console.error(`${name}: left out; ${why}`);
	return why === undefined;
}

/** Runs the command that follows, and says its seconds of CPU, those of its end among them. */
const TIMED = ["bash", "-c", 'TIMEFORMAT="%U %S"; time "$@"', "bash"];

async function measure(workload, { preload, env, exports }, name) {
	const { script, args = [], count = 0 } = workload;
	await ends.forget();
	const [command, ...rest] = [
		...(workload.whole ? TIMED : []),
		options.node,
		...(preload ? ["--require", preload] : []),
		fileURLToPath(new URL(`workloads/${script}`, import.meta.url)),
		...args,
	];
	const { stdout, stderr } = await run(command, rest, {
		cwd: fileURLToPath(new URL(".", import.meta.url)),
		env: {
			...ends.environment,
			BENCH_SECURE: `https://localhost:${ends.secure}`,
			BENCH_COUNT: String(count),
			...env,
		},
	});
	if (exports === "all" || (exports === "fresh" && workload.fresh))
		await ends.expectSpans(name, count);
	const lastLine = (text) => text.trim().split("\n").at(-1);
	if (!workload.whole) return JSON.parse(lastLine(stdout));
	const [user, system] = lastLine(stderr).split(" ").map(Number);
	return { cpu: (user + system) * 1000 };
}

const rows = Object.fromEntries(
	Object.entries(ROWS)
		.filter(([name]) => name.includes(options.only))
		.filter(isMeasured),
);
const results = [];
for (const workload of WORKLOADS) {
	const figures = Object.entries(workload.figures);
	const works = figures.map(([, [work]]) => work).join(", ");
	if (!works.includes(options.work)) continue;
	const { plain, measured } = await interleave(
		works,
		options.runs,
		rows,
		(row, name) => measure(workload, row, name),
	);
	for (const [figure, [work, unit]] of figures) {
		const only = (runs) => runs.map((run) => run[figure]);
		for (const [row, values] of Object.entries(measured))
			results.push({
				work,
				unit,
				row,
				...difference(only(plain), only(values)),
			});
	}
}
await ends.stop();
if (options.json)
	await writeFile(options.json, JSON.stringify(results, null, "\t"));

console.log(
	`Node ${version}, ${availableParallelism()} processors, \`${["npm run bench --", ...process.argv.slice(2)].join(" ")}\`:\n`,
);
console.log(
	markdownTable(
		["work", "plain", "with", "added", "95 % interval"],
		results.map(({ work, unit, row, plain, added, interval }, index) => {
			const again = results[index - 1]?.work === work;
			return [
				again ? "" : work,
				again ? "" : `${figure(plain)} ${unit}`,
				row,
				`${figure(added)} ${unit}`,
				bounds(interval),
			];
		}),
	),
);
