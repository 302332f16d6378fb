// Counts the instructions that a request costs, and tells what they are for: node bench/instructions.mjs --help. Unlike
// time they are the same whatever else the machine does. Wants valgrind. The names of V8's functions are those of Node 20.
import { execFile } from "node:child_process";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { figure, markdownTable } from "./markdown.mjs";
import { readOptions } from "./options.mjs";
import { startOtherEnds } from "./other-ends.mjs";
import { ROWS } from "./rows.mjs";

const WORKLOADS = {
	reused: { script: "raw.cjs", args: ["reused"], warmUp: 1.25 },
	fresh: { script: "raw.cjs", args: ["fresh"], warmUp: 1.25 },
};

/** What functions of the process are there for; the first that fits. */
const KINDS = {
	"optimizing code": /v8::internal::compiler::|Turbo/,
	"compiling at first use":
		/v8::internal::(interpreter|baseline)::|Scanner|Parser|BytecodeG|Ast|PreParse|Preparse|Utf16CharacterStream|UnoptimizedCompil|Scope/,
	"garbage collection":
		/Marking|Scaveng|Sweep|MarkCompact|Heap::|heap::|IteratePointers|SizeFromMap|RecordMigrated|Evacuat/,
	"finding properties":
		/LookupIterator|LoadIC|StoreIC|KeyedLoad|KeyedStore|IC_|IC::|Map::|StubCache|Feedback|Transition/,
	"built-in functions and the interpreter": /^Builtins_/,
	"compiled JavaScript": /^0x|\?\?\?/,
	"V8, everything else": /v8::/,
	"TLS and its memory":
		/ossl|OPENSSL|EVP|SSL|ssl|BN_|bn_|EC_|ecp|X509|ASN1|asn1|sha|SHA|aes|AES|CRYPTO|OBJ_|provider|malloc|free|mem(cpy|set|move|cmp)/,
};
const OTHER = "everything else";

const options = readOptions({
	work: [`workload: ${Object.keys(WORKLOADS).join(" or ")}`, "reused"],
	row: ["what is preloaded, by its name in bench/rows.mjs", "conntrace"],
	from: ["requests that a process makes before it is warm", 1600],
	to: ["requests until which it is watched when warm", 6400],
	node: ["the Node.js to measure under", process.execPath],
});
const workload = WORKLOADS[options.work];
const row = ROWS[options.row];
if (!workload || !row)
	throw new Error(
		`expected --work ${Object.keys(WORKLOADS).join("|")} and --row "${Object.keys(ROWS).join('"|"')}"`,
	);

const ends = await startOtherEnds();

/** Instructions by kind in a process that makes `count` requests. */
async function instructions({ preload, env }, count) {
	const file = join(ends.directory, `${preload ? "with" : "plain"}-${count}`);
	await promisify(execFile)(
		"valgrind",
		[
			"--tool=callgrind",
			"--smc-check=all-non-file",
			`--callgrind-out-file=${file}`,
			options.node,
			// V8's own threads take turns by chance otherwise.
			"--single-threaded",
			...(preload ? ["--require", preload] : []),
			fileURLToPath(new URL(`workloads/${workload.script}`, import.meta.url)),
			...workload.args,
		],
		{
			env: {
				...ends.environment,
				BENCH_SECURE: `https://localhost:${ends.secure}`,
				BENCH_COUNT: String(count),
				...env,
			},
		},
	);
	return readProfile(file);
}

/**
 * Adds up the costs of functions themselves in a profile of callgrind: those in the lines after `fn=`, except the line
 * after `calls=`, which is what the called function cost. A name is given once, later its number.
 */
async function readProfile(file) {
	const kinds = new Map();
	const names = new Map();
	let current;
	let isCall = false;
	for await (const line of createInterface({ input: createReadStream(file) })) {
		const [, called, number, name] =
			/^(c?)fn=\((\d+)\)(?: (.*))?/.exec(line) ?? [];
		if (number !== undefined) {
			if (name) names.set(number, kindOf(name));
			if (!called) current = names.get(number);
		} else if (line.startsWith("calls=")) {
			isCall = true;
		} else if (/^[+\-*\d]/.test(line)) {
			if (!isCall && current) {
				const cost = Number(line.split(" ")[1]);
				kinds.set(current, (kinds.get(current) ?? 0) + cost);
			}
			isCall = false;
		}
	}
	return kinds;
}

function kindOf(name) {
	for (const [kind, pattern] of Object.entries(KINDS))
		if (pattern.test(name)) return kind;
	return OTHER;
}

/** Three processes, the last as warm as they get. */
async function steps(preloaded) {
	const counts = [0, options.from, options.to];
	const profiles = [];
	for (const count of counts)
		profiles.push(await instructions(preloaded, count));
	return [1, 2].map((step) => {
		const puts = (counts[step] - counts[step - 1]) * workload.warmUp;
		return (kind) =>
			((profiles[step].get(kind) ?? 0) - (profiles[step - 1].get(kind) ?? 0)) /
			puts /
			1000;
	});
}

const [plain, preloaded] = await Promise.all([steps({}), steps(row)]);
await ends.stop();

const kinds = [...Object.keys(KINDS), OTHER];
const total = (of) => kinds.reduce((sum, kind) => sum + of(kind), 0);
const added = (step) => (kind) => preloaded[step](kind) - plain[step](kind);
const columns = [plain[0], added(0), plain[1], added(1)];
console.log(
	`Thousands of instructions for a request, ${options.work}, with ${options.row}:\n`,
);
console.log(
	markdownTable(
		[
			"for",
			`plain, the first ${options.from}`,
			"added",
			`plain, until ${options.to}`,
			"added",
		],
		[
			...kinds.map((kind) => [kind, ...columns.map((of) => figure(of(kind)))]),
			["all", ...columns.map((of) => figure(total(of)))],
		],
	),
);
