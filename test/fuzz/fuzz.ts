import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Random } from "../generator/random.js";

/** Bytes that parsers look at more closely. */
const TOKENS = [
	"\0",
	"\r\n\r\n",
	"\n",
	"{",
	"}",
	"[",
	"]",
	'"',
	",",
	":",
	"\\u0000",
	"\\ud800",
	"null",
	"true",
	"{}",
	"[]",
	'""',
	"-1",
	"0",
	"1e999",
	"18446744073709551616",
	"9".repeat(500),
	"NaN",
	"\u001b[31m",
	"</script>",
	"\u202e",
	"\u00e9\ud83d\ude00",
	"__proto__",
	"0\r\n\r\n",
	"ffffffff\r\n",
	"transfer-encoding: chunked\r\n",
	"content-length: 0\r\n",
	"content-encoding: gzip\r\n",
].map((token) => Buffer.from(token));

/** The inputs that are kept: good ones to begin with, and every one that has ever found a fault. */
export class Corpus {
	readonly entries: readonly (readonly [name: string, bytes: Buffer])[];

	constructor(private readonly folder: string) {
		this.entries = readdirSync(folder)
			.sort()
			.map((name) => [name, readFileSync(join(folder, name))]);
	}

	/** Keeps an input that has found a fault. @returns the file */
	keep(bytes: Buffer): string {
		const digest = createHash("sha256").update(bytes).digest("hex");
		const file = join(this.folder, `finding-${digest.slice(0, 12)}`);
		writeFileSync(file, bytes);
		return file;
	}
}

/** CONNTRACE_TEST_SEED and CONNTRACE_FUZZ_RUNS choose others. */
const SEED = Number(process.env.CONNTRACE_TEST_SEED ?? Date.now() % 2 ** 32);

/**
 * Feeds a target with everything in a corpus and then with changed copies of it. An input at which the target throws is
 * kept.
 * @param runs how many changed copies, unless CONNTRACE_FUZZ_RUNS says otherwise
 */
export async function fuzz(
	corpus: Corpus,
	runs: number,
	target: (bytes: Buffer) => unknown,
): Promise<void> {
	const count = Number(process.env.CONNTRACE_FUZZ_RUNS ?? runs);
	console.log(`${count} inputs, CONNTRACE_TEST_SEED=${SEED}`);
	const random = new Random(SEED);
	const inputs = corpus.entries.map(([, bytes]) => bytes);
	for (let run = 0; run < inputs.length + count; run++) {
		const bytes = inputs[run] ?? mutate(inputs, random);
		try {
			await target(bytes);
		} catch (error) {
			throw new Error(`kept as ${corpus.keep(bytes)}`, { cause: error });
		}
	}
}

function mutate(inputs: readonly Buffer[], random: Random): Buffer {
	let bytes = one(inputs, random);
	const changes = random.upTo(4);
	for (let change = 0; change < changes; change++) {
		bytes = one(CHANGES, random)(bytes, random, inputs);
	}
	return bytes;
}

type Change = (
	bytes: Buffer,
	random: Random,
	inputs: readonly Buffer[],
) => Buffer;

const CHANGES: readonly Change[] = [
	/** Another byte. */
	(bytes, random) => {
		const changed = Buffer.from(bytes);
		if (changed.length > 0)
			changed[place(bytes, random)] = random.upTo(256) - 1;
		return changed;
	},
	/** Without a part. */
	(bytes, random) => {
		const begin = place(bytes, random);
		return spliced(bytes, begin, begin + random.upTo(16), Buffer.alloc(0));
	},
	/** Cut short. */
	(bytes, random) => bytes.subarray(0, place(bytes, random)),
	/** With something more. */
	(bytes, random) => {
		const at = place(bytes, random);
		return spliced(bytes, at, at, one(TOKENS, random));
	},
	/** With something else in place of a value. */
	(bytes, random) => {
		const text = bytes.toString("latin1");
		const values = [...text.matchAll(/"[^"\n]*"|\b\d+\b|[[{]/g)];
		if (values.length === 0) return bytes;
		const { 0: value, index } = one(values, random);
		return spliced(bytes, index, index + value.length, one(TOKENS, random));
	},
	/** With a part of its own many times. */
	(bytes, random) => {
		const begin = place(bytes, random);
		const part = bytes.subarray(begin, begin + random.upTo(32));
		const times = Array.from({ length: random.upTo(200) }, () => part);
		return spliced(bytes, begin, begin, Buffer.concat(times));
	},
	/** Going on as another one. */
	(bytes, random, inputs) => {
		const other = one(inputs, random);
		return Buffer.concat([
			bytes.subarray(0, place(bytes, random)),
			other.subarray(place(other, random)),
		]);
	},
];

function place(bytes: Buffer, random: Random): number {
	return Math.floor(random.next() * bytes.length);
}

function spliced(
	bytes: Buffer,
	begin: number,
	end: number,
	part: Buffer,
): Buffer {
	return Buffer.concat([bytes.subarray(0, begin), part, bytes.subarray(end)]);
}

function one<T>(items: readonly T[], random: Random): T {
	return items[Math.floor(random.next() * items.length)] as T;
}
