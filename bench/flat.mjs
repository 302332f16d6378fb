// Measures whether a request on a kept connection costs the same however much the program has: connections, hosts,
// agents. `node bench/flat.mjs --help` tells the options.
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { difference, interleave } from "./interleave.mjs";
import { bounds, figure, markdownTable } from "./markdown.mjs";
import { COMMON, readOptions } from "./options.mjs";
import { startOtherEnds } from "./other-ends.mjs";
import { ROWS } from "./rows.mjs";
import { interval, median } from "./statistics.mjs";

const AXES = {
	sockets: ["open connections", [1, 10, 100, 1000, 5000]],
	hosts: ["hosts", [1, 10, 100, 300, 1000]],
	agents: ["agents", [1, 10, 100, 300, 1000]],
};

const options = readOptions({
	runs: ["interleaved runs of each point", 7],
	puts: ["requests in one run", 20_000],
	largest: ["no point is larger", 5000],
	only: ["axes whose name contains it", ""],
	...COMMON,
});
const ends = await startOtherEnds();

async function run(kind, size, { preload }) {
	await ends.forget();
	const { stdout } = await promisify(execFile)(
		options.node,
		[
			...(preload ? ["--require", preload] : []),
			fileURLToPath(new URL("workloads/flat.cjs", import.meta.url)),
			kind,
			String(size),
		],
		{
			env: {
				...ends.environment,
				BENCH_PORT: String(ends.plain),
				BENCH_COUNT: String(options.puts),
			},
		},
	);
	if (preload) await ends.expectSpans("conntrace", options.puts);
	return JSON.parse(stdout).cpu;
}

const results = [];
for (const [kind, [name, sizes]] of Object.entries(AXES)) {
	if (!name.includes(options.only)) continue;
	let first;
	for (const size of sizes.filter((size) => size <= options.largest)) {
		const { plain, measured } = await interleave(
			`${size} ${name}`,
			options.runs,
			{ conntrace: ROWS.conntrace },
			(row) => run(kind, size, row),
		);
		const result = difference(plain, measured.conntrace);
		first ??= result;
		const growth = result.differences.map(
			(value, round) => value - first.differences[round],
		);
		results.push({
			name,
			size,
			...result,
			more: median(growth),
			moreInterval: interval(growth),
		});
	}
}
await ends.stop();
if (options.json)
	await writeFile(options.json, JSON.stringify(results, null, "\t"));

console.log(
	markdownTable(
		["of", "there are", "plain", "added", "95 % interval", "more than with 1"],
		results.map((result) => [
			result.size === 1 ? result.name : "",
			String(result.size),
			`${figure(result.plain)} µs`,
			`${figure(result.added)} µs`,
			bounds(result.interval),
			result.size === 1
				? ""
				: `${figure(result.more)} (${bounds(result.moreInterval)})`,
		]),
	),
);
