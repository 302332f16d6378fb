import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { failureOf } from "./failure.mjs";
import { runNode } from "./program.mjs";

/**
 * Tests that somebody else wrote, each a program that fails by its exit code.
 * @typedef {object} Suite
 * @property {readonly string[]} tests by name
 * @property {(test: string) => boolean} runsAlone not at the same time as others
 * @property {(test: string) => string} directoryOf to run it in
 * @property {(test: string, early: readonly string[]) => string[]} argumentsOf of Node; `early` are those that load
 *   something before it
 * @property {Record<string, string>} environment
 * @property {string} [sensitive] a test that a header more makes fail
 */

const NODE_TESTS =
	/\/test-(?:(?:dns|net|tls|https?|http2)[-.]|async-local-storage|diagnostics-channel-(?:http|net|undici)|events|stream-pipeline).*\.m?js$/;

/**
 * Those of Node that have to do with connections or with what an observer of them could disturb.
 * @param {string} directory `test` of Node's source
 * @param {string} node the binary; may be of another version than the tests
 * @returns {Promise<Suite>}
 */
export async function nodeSuite(directory, node) {
	const tests = ["parallel", "sequential"].flatMap((part) =>
		readdirSync(join(directory, part))
			.map((name) => `${part}/${name}`)
			.filter((test) => NODE_TESTS.test(test)),
	);
	return {
		tests,
		runsAlone: (test) => test.startsWith("sequential/"),
		directoryOf: (test) => dirname(join(directory, test)),
		argumentsOf: (test, early) => {
			const file = join(directory, test);
			const [, flags = ""] =
				/\/\/\s+Flags:(.*)/.exec(readFileSync(file, "utf8")) ?? [];
			return [...early, ...flags.split(/\s+/).filter(Boolean), file];
		},
		environment: await globalsOf(directory, node),
		sensitive: "parallel/test-http-raw-headers.js",
	};
}

/** The tests fail at globals that they do not know, as those of newer versions of Node. */
async function globalsOf(directory, node) {
	const run = await runNode({ node, arguments: [join(directory, "common")] });
	return failureOf(run)?.includes("Unexpected global(s)")
		? { NODE_TEST_KNOWN_GLOBALS: "0" }
		: {};
}

const NO_TESTS_OF_UNDICI =
	/\/(?:autobahn|fixtures|fuzzing|imports|jest|types|utils|web-platform-tests|worker)\//;

/**
 * @param {string} directory a checkout of undici, its dependencies installed
 * @returns {Suite}
 */
export function undiciSuite(directory) {
	return {
		tests: filesIn(directory, "test", ".js").filter(
			(test) => !NO_TESTS_OF_UNDICI.test(test),
		),
		runsAlone: () => false,
		directoryOf: () => directory,
		argumentsOf: (test, early) => [
			...early,
			"--expose-gc",
			join(directory, test),
		],
		environment: {},
	};
}

/**
 * @param {string} directory of a package that is tested by vitest, its dependencies installed
 * @returns {Suite}
 */
export function vitestSuite(directory) {
	return {
		tests: filesIn(directory, "src", ".spec.ts"),
		runsAlone: () => false,
		directoryOf: () => directory,
		argumentsOf: (test, early) => [
			resolve("node_modules/vitest/vitest.mjs"),
			"run",
			...early.map((argument) => `--execArgv=${argument}`),
			test,
		],
		environment: {},
	};
}

function filesIn(directory, part, ending) {
	return readdirSync(join(directory, part), { recursive: true })
		.map((name) => `${part}/${name}`)
		.filter((name) => name.endsWith(ending));
}
