// Adds up the results that vitest wrote as JSON: `node scripts/sum-results.mjs FILE...`. Says in one line how many
// tests passed, failed and were skipped, and fails if any failed or none ran.
import { readFileSync } from "node:fs";

const sum = { passed: 0, failed: 0, skipped: 0 };
for (const file of process.argv.slice(2)) {
	const result = JSON.parse(readFileSync(file, "utf8"));
	sum.passed += result.numPassedTests;
	sum.failed += result.numFailedTests;
	sum.skipped += result.numPendingTests;
	// A file that could not be loaded has no tests to count.
	sum.failed += result.testResults.filter(
		({ status, assertionResults }) =>
			status === "failed" && assertionResults.length === 0,
	).length;
}
console.log(
	`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`,
);
if (sum.failed > 0 || sum.passed === 0) process.exitCode = 1;
