import { availableParallelism } from "node:os";
import { failureOf, withoutNumbers } from "./failure.mjs";
import { runNode } from "./program.mjs";

const RETRIES = 2;

/**
 * How a preload is judged.
 * @typedef {object} How
 * @property {string} node the binary
 * @property {readonly string[]} preload the arguments of Node that load it
 * @property {readonly string[]} control those of a preload that only loads the same modules
 * @property {Record<string, string>} environment of the preload
 *
 * @typedef {object} Verdict
 * @property {"same" | "unsteady" | "fails anyway" | "load order" | "differs"} kind "unsteady": failed with the preload
 *   once, not again
 * @property {string} [failure] with the preload
 */

/**
 * Runs tests with a preload and compares with how they end without it. Only a test that passes twice without the
 * preload counts; that is asked of those alone that fail with it. One that fails in the same way where the built-in
 * modules are merely loaded early says nothing of the preload either.
 * @param {How & { suite: import("./suites.mjs").Suite, timeLimit: number, onVerdict?: (test: string, verdict: Verdict) => void }} judgement
 * @returns {Promise<Map<string, Verdict>>} by test
 */
export async function judge({ suite, onVerdict, ...how }) {
	const verdicts = new Map();
	const take = async (tests) => {
		for (const test of tests) {
			const verdict = await verdictOn(suite, test, how);
			verdicts.set(test, verdict);
			onVerdict?.(test, verdict);
		}
	};
	const together = suite.tests.filter((test) => !suite.runsAlone(test));
	const queue = together.values();
	await Promise.all(
		Array.from({ length: availableParallelism() }, () => take(queue)),
	);
	await take(suite.tests.filter(suite.runsAlone));
	return verdicts;
}

async function verdictOn(suite, test, how) {
	const { node, preload, control, environment, timeLimit } = how;
	const run = async (early) => {
		const program = await runNode({
			node,
			arguments: suite.argumentsOf(test, early),
			directory: suite.directoryOf(test),
			environment: { ...suite.environment, ...environment },
			timeLimit,
		});
		return failureOf(program);
	};
	let failure = await run(preload);
	if (failure === undefined) return { kind: "same" };
	for (let pass = 1; pass <= 2; pass++)
		if ((await run([])) !== undefined) return { kind: "fails anyway", failure };
	for (let retry = 1; retry <= RETRIES; retry++) {
		const again = await run(preload);
		if (again === undefined) return { kind: "unsteady", failure };
		failure = again;
	}
	const early = await run(control);
	const kind =
		withoutNumbers(early) === withoutNumbers(failure)
			? "load order"
			: "differs";
	return { kind, failure };
}
