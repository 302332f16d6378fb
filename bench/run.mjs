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

const WORKLOADS = {
	"start of the process": { script: "start.cjs", unit: "ms" },
	"start and one put, SDK v3": {
		script: "one-put.cjs",
		count: 1,
		fresh: true,
		whole: true,
		unit: "ms",
	},
	"reused put, raw `https`, 16 at once": {
		script: "raw.cjs",
		args: ["reused"],
		count: 20_000,
		unit: "µs",
	},
	"reused put, AWS SDK v3, one at a time": {
		script: "sdk.cjs",
		count: 4000,
		unit: "µs",
	},
	"fresh connection, with TLS": {
		script: "raw.cjs",
		args: ["fresh"],
		count: 800,
		fresh: true,
		unit: "µs",
	},
	"memory after 20,000 puts": {
		script: "sdk.cjs",
		count: 16_000,
		figure: "memory",
		unit: "MiB",
	},
};

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
	const { script, args = [], count = 0, figure = "cpu" } = workload;
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
	if (!workload.whole) return JSON.parse(lastLine(stdout))[figure];
	const [user, system] = lastLine(stderr).split(" ").map(Number);
	return (user + system) * 1000;
}

const rows = Object.fromEntries(
	Object.entries(ROWS)
		.filter(([name]) => name.includes(options.only))
		.filter(isMeasured),
);
const results = [];
for (const [work, workload] of Object.entries(WORKLOADS)) {
	if (!work.includes(options.work)) continue;
	const { plain, measured } = await interleave(
		work,
		options.runs,
		rows,
		(row, name) => measure(workload, row, name),
	);
	for (const [row, values] of Object.entries(measured))
		results.push({
			work,
			unit: workload.unit,
			row,
			...difference(plain, values),
		});
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
