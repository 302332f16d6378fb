// Judges by tests that nobody here wrote whether the agent changes what programs see:
//
//   npm run conformance -- [options]
//
//   --suite NAME    node (the default), undici, or smithy: the HTTP handler of the AWS SDK
//   --release NAME  which tests to download: of Node, those of a release of the distribution, by default this machine's; of
//                   undici, a version, by default that in the Node judged under; of smithy, a version, by default the one
//                   that this project uses
//   --tests DIR     do not download: the `test` directory of Node's source, a checkout of undici, the handler's package
//   --only REGEXP   only tests whose names match
//   --node FILE     the Node binary to judge under
//   --preload FILE  what to judge in place of the agent
//   --time-limit S  seconds that a test may take (60)
//   --json FILE     also write how many passed and failed
//
// Exit code: 0 nothing differs, 1 something does, 77 the tests cannot be had here.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { runCanaries } from "./canaries.mjs";
import { smithyCheckout, undiciCheckout } from "./git-source.mjs";
import { judge } from "./judge.mjs";
import { Unavailable } from "./kept.mjs";
import { writeControl } from "./load-order.mjs";
import { nodeTests } from "./node-source.mjs";
import { nodeSuite, smithySuite, undiciSuite } from "./suites.mjs";

const FAULTY = fileURLToPath(new URL("faulty-preload.cjs", import.meta.url));
const AGENT = fileURLToPath(new URL("../../dist/register.js", import.meta.url));
const SUITES = {
	node: { download: nodeTests, create: nodeSuite },
	undici: {
		download: (release) => undiciCheckout(node, release),
		create: undiciSuite,
	},
	smithy: { download: smithyCheckout, create: smithySuite },
};

const { values: options } = parseArgs({
	options: {
		suite: { type: "string", default: "node" },
		tests: { type: "string" },
		release: { type: "string" },
		only: { type: "string", default: "" },
		node: { type: "string", default: process.execPath },
		preload: { type: "string", default: AGENT },
		"time-limit": { type: "string", default: "60" },
		json: { type: "string" },
	},
});
const node = resolve(options.node);
const work = mkdtempSync(join(tmpdir(), "conformance-"));
try {
	process.exitCode = await main();
} catch (error) {
	if (!(error instanceof Unavailable)) throw error;
	console.log(`SKIPPED: ${error.message}`);
	process.exitCode = 77;
} finally {
	rmSync(work, { recursive: true });
}

async function main() {
	const suite = await chosenSuite();
	const faulty = await compare(FAULTY, {
		...suite,
		tests: [suite.sensitive],
	});
	const isOfTest = (line) => line.startsWith(`${suite.sensitive}: `);
	if (!faulty.some(isOfTest) || faulty.every(isOfTest))
		throw new Error(
			`the judge does not see what a faulty preload does, only: ${faulty}`,
		);
	let done = 0;
	const tally = {};
	const differences = await compare(
		resolve(options.preload),
		suite,
		(test, { kind, failure }) => {
			done++;
			tally[kind] = (tally[kind] ?? 0) + 1;
			if (kind !== "same" && kind !== "differs")
				console.log(`${kind}: ${test}: ${failure}`);
			if (process.stderr.isTTY)
				process.stderr.write(`\r${done} of ${suite.tests.length} `);
		},
	);
	for (const line of differences) console.log(`DIFFERS: ${line}`);
	console.log(
		`${suite.tests.length} tests and the canaries, ${differences.length} differ (${Object.entries(
			tally,
		)
			.map(([kind, count]) => `${count} ${kind}`)
			.join(", ")})`,
	);
	if (options.json)
		writeFileSync(
			options.json,
			JSON.stringify({
				numPassedTests: tally.same ?? 0,
				numFailedTests: differences.length,
				numPendingTests: 0,
				testResults: [],
			}),
		);
	return differences.length === 0 ? 0 : 1;
}

async function chosenSuite() {
	const { suite: name, release, only } = options;
	const kind = SUITES[name];
	if (!kind)
		throw new Error(
			`--suite ${name}: expected one of ${Object.keys(SUITES).join(", ")}`,
		);
	const suite = await kind.create(
		resolve(options.tests ?? kind.download(release)),
		node,
	);
	const tests = suite.tests.filter((test) => new RegExp(only).test(test));
	if (tests.length === 0) throw new Error(`--only ${only}: no test matches`);
	return { ...suite, tests };
}

/** Returns a line for each test and each canary that the preload changes. */
async function compare(file, suite, onVerdict) {
	const how = {
		node,
		preload: ["--require", file],
		// Nobody listens there.
		environment: { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1" },
	};
	const control = await writeControl(join(work, "control.cjs"), how);
	const differences = await runCanaries(how);
	const timeLimit = Number(options["time-limit"]) * 1000;
	const verdicts = await judge({
		...how,
		control,
		suite,
		timeLimit,
		onVerdict,
	});
	for (const [test, { kind, failure }] of verdicts)
		if (kind === "differs") differences.push(`${test}: ${failure}`);
	return differences;
}
