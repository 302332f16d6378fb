import type { Scenario } from "../support/scenario.js";
import type { Everything } from "./everything.js";

export interface Sweep extends Everything {
	/** The source of the scenario that is gone through again and again. */
	readonly everything: string;
	/** What the program tells without the agent. */
	readonly expected: string;
	/** Functions that are not made to throw. */
	readonly trusted: readonly string[];
	/** How many functions are made to throw, from which on; all of them if absent. */
	readonly some?: { readonly count: number; readonly seed: number };
}

/** What has come of a pass through everything. */
export interface Outcome {
	/** What the program has told. */
	readonly told: string;
	/** What has reached it in another way. */
	readonly escaped: readonly string[];
	/** The functions that threw, how often they did, and how many faults the agent has counted. */
	readonly thrown: readonly string[];
	readonly faults: number;
	readonly counted: number;
	/** How often the agent has given account of its spans, in a sum that is right. */
	readonly accounts: number;
}

/** What a program that makes functions of its agent throw tells at its end. */
export interface SweepResult {
	/** Functions whose faults the program has noticed, or the agent has not. */
	readonly noticed: readonly (Outcome & { readonly name: string })[];
	/** Those that threw. */
	readonly thrown: readonly string[];
	/** Those that were called while nothing threw: before the program began, and in all. */
	readonly start: readonly string[];
	readonly run: readonly string[];
}

/** Goes through everything once for every few functions, which throw meanwhile; those that do it harm are singled out. */
export const sweep: Scenario<Sweep> = async (program) => {
	const { values, report } = program;
	const { expected, trusted } = values;
	// biome-ignore lint/security/noGlobalEval: a scenario is handed over as its source
	const everything = globalThis.eval(`(${values.everything})`);
	const probes = globalThis.conntraceProbes;
	let escaped: string[] = [];
	for (const event of ["uncaughtException", "unhandledRejection", "warning"]) {
		process.on(event, (error) => escaped.push(`${event}: ${error?.stack}`));
	}

	let accounts = 0;
	const { write } = process.stderr;
	process.stderr.write = (text: string, ...rest: never[]) => {
		const [started, ...parts] =
			/(\d+) spans: (\d+) delivered to .*, (\d+) left out by choice, (\d+) lost/
				.exec(text)
				?.slice(1)
				.map(Number) ?? [];
		if (started !== undefined) {
			const sum = parts.reduce((total, part) => total + part, 0);
			if (sum === started) accounts += 1;
		}
		return write.call(process.stderr, text, ...rest);
	};

	async function pass(): Promise<Outcome> {
		escaped = [];
		accounts = 0;
		const { faults = 0, counted = 0 } = probes ?? {};
		const told: unknown[] = [];
		const { promise, resolve } = withResolvers();
		const timer = setTimeout(resolve, 60_000, "no end");
		everything({ ...program, report: (value: unknown) => told.push(value) })
			.catch((error: Error) => error.stack)
			.then(resolve);
		told.push((await promise) ?? "end");
		clearTimeout(timer);
		// What is still on its way belongs to this pass.
		await program.sleep(10);
		return {
			told: JSON.stringify(told).replace(/"connection":\d+,/g, ""),
			escaped,
			thrown: [...(probes?.thrown ?? [])],
			faults: (probes?.faults ?? 0) - faults,
			counted: (probes?.counted ?? 0) - counted,
			accounts,
		};
	}

	function withResolvers() {
		let resolve: (value: unknown) => void = () => {};
		const promise = new Promise<unknown>((settle) => {
			resolve = settle;
		});
		return { promise, resolve };
	}

	// Without probes, or with functions that throw from the beginning, once; some have thrown before.
	if (!probes || probes.throwing.size > 0) {
		report(await pass());
		return;
	}
	const start = [...probes.reached];
	probes.limitless = true;
	await pass();
	const run = [...probes.reached];
	const candidates = run.filter(
		(name) => !trusted.includes(name) && !start.includes(name),
	);
	const from = ((values.some?.seed ?? 0) * 37) % candidates.length;
	const left = new Set(
		[...candidates.slice(from), ...candidates.slice(0, from)].slice(
			0,
			values.some?.count,
		),
	);
	const thrown = new Set<string>();
	const noticed: SweepResult["noticed"][number][] = [];

	function isFine(outcome: Outcome): boolean {
		const { told, escaped, faults, counted, accounts } = outcome;
		return (
			told === expected &&
			escaped.length === 0 &&
			counted >= faults &&
			// To the file and to the collector.
			accounts === 2
		);
	}

	async function check(functions: readonly string[]): Promise<void> {
		probes.throwing = new Set(functions);
		probes.thrown.clear();
		const outcome = await pass();
		for (const name of outcome.thrown) {
			left.delete(name);
			thrown.add(name);
		}
		if (isFine(outcome)) return;
		const [name] = functions;
		if (name !== undefined && functions.length === 1) {
			noticed.push({ name, ...outcome });
			probes.throwing = new Set();
			const after = await pass();
			if (isFine(after)) return;
			noticed.push({ name: `after ${name}`, ...after });
			left.clear();
			return;
		}
		const half = functions.length >> 1;
		await check(functions.slice(0, half));
		await check(functions.slice(half));
	}

	// A function that only another one calls throws when that one does not.
	for (let size = 16; size >= 1 && left.size > 0; size >>= 1) {
		const functions = [...left];
		while (functions.length > 0 && left.size > 0) {
			await check(functions.splice(0, size));
		}
	}
	probes.throwing = new Set();
	report({ noticed, thrown: [...thrown], start, run });
	// What a pass without an end has left open would keep the process.
	if (noticed.length > 0) process.exit();
};
