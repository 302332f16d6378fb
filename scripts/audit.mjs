// Judges what `npm audit` finds in the packages that the lock file names: each finding is mended, or explained in SECURITY.md.
// Ends with 0 if that is so, with 1 and the findings that are not, and with 77 where the registry answers no audits.
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const SKIPPED = 77;

/**
 * @param report what `npm audit --json` prints
 * @param explanations a text that names the advisories that are explained in it
 * @returns the findings that are not, a line each; nothing if there was no audit
 */
export function unexplained(report, explanations) {
	const { auditReportVersion, vulnerabilities } = JSON.parse(report);
	if (auditReportVersion === undefined) return undefined;
	const advisories = new Map(
		Object.values(vulnerabilities)
			.flatMap(({ via }) => via)
			// Else the name of a package, whose own findings are listed as well.
			.filter((cause) => typeof cause === "object")
			.map((advisory) => [advisory.url, advisory]),
	);
	return [...advisories.values()]
		.filter(({ url }) => !explanations.includes(url.split("/").at(-1)))
		.map(
			({ name, severity, title, url }) =>
				`${name}: ${severity}: ${title} (${url})`,
		);
}

/** It ends with 1 where there are findings as where there is no answer. */
function npmAudit() {
	return new Promise((resolve) => {
		execFile("npm", ["audit", "--json"], (_, stdout) => resolve(stdout));
	});
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
	const report = await npmAudit();
	const findings = unexplained(report, await readFile("SECURITY.md", "utf8"));
	if (findings === undefined) {
		console.log(`SKIPPED: npm audit: ${JSON.parse(report).message}`);
		process.exitCode = SKIPPED;
	} else {
		for (const finding of findings) console.log(finding);
		console.log(`npm audit: ${findings.length} findings without explanation`);
		process.exitCode = findings.length > 0 ? 1 : 0;
	}
}
