import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
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
 * @property {string} sensitive a test that what `faulty-preload.cjs` does makes fail
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
		sensitive: "parallel/test-http-response-status-message.js",
	};
}

/** The tests fail at globals that they do not know, as those of newer versions of Node. */
async function globalsOf(directory, node) {
	const run = await runNode({
		node,
		arguments: [join(directory, "common/index.js")],
	});
	return failureOf(run)?.includes("Unexpected global(s)")
		? { NODE_TEST_KNOWN_GLOBALS: "0" }
		: {};
}

const NO_TESTS_OF_UNDICI =
	/\/(?:autobahn|fixtures|fuzzing|imports|jest|types|utils|web-platform-tests|worker)\//;

/**
 * @param {string} directory a checkout of undici, its dependencies installed
 * @param {string} node the binary
 * @returns {Promise<Suite>}
 */
export async function undiciSuite(directory, node) {
	// Made anew, since newer versions of Node want longer keys.
	const made = await runNode({
		node,
		arguments: [join(directory, "scripts/generate-pem.js")],
	});
	if (made.code !== 0)
		throw new Error(`undici does not make its certificate:\n${made.stderr}`);
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
		sensitive: "test/redirect-stream.js",
	};
}

/**
 * @param {string} directory of the AWS SDK's HTTP handler, its dependencies installed
 * @returns {Suite}
 */
export function smithySuite(directory) {
	const { version } = createRequire(join(directory, "package.json"))(
		"vitest/package.json",
	);
	const inWorkers =
		Number.parseInt(version, 10) < 4
			? "--poolOptions.forks.execArgv"
			: "--execArgv";
	return {
		tests: filesIn(directory, "src", ".spec.ts"),
		// They listen on the same ports.
		runsAlone: () => true,
		directoryOf: () => directory,
		argumentsOf: (test, early) => [
			join(directory, "node_modules/vitest/vitest.mjs"),
			"run",
			...early.map((argument) => `${inWorkers}=${argument}`),
			test,
		],
		environment: {},
		sensitive: "src/node-http-handler.mock-server.spec.ts",
	};
}

function filesIn(directory, part, ending) {
	return readdirSync(join(directory, part), { recursive: true })
		.map((name) => `${part}/${name}`)
		.filter((name) => name.endsWith(ending));
}
