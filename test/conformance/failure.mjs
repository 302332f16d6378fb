const MAX_LENGTH = 200;

/**
 * Why a program failed, in short: its uncaught error, a call that was missed, a global that is new; or undefined if it
 * did not fail.
 * @param {Awaited<ReturnType<import("./program.mjs").runNode>>} run
 */
export function failureOf({ code, signal, late, stdout, stderr }) {
	if (late) return "did not end in time";
	if (code === 0) return /^1\.\.0 # Skipped.*/m.exec(stdout)?.[0];
	const [cause] =
		/^.*Unexpected global\(s\) found.*$/m.exec(stderr) ??
		// Up to its stack.
		/^(?:Uncaught )?\[?[A-Za-z_$.]*(?:Error|Exception)\b[\s\S]*?(?=\n\s+at |\n\n\n|(?![\s\S]))/m.exec(
			stderr,
		) ??
		/^Mismatched .*$/m.exec(stdout) ??
		/^\s*(?:not ok|[×✖]|FAIL) .*$/m.exec(stdout) ??
		firstLineOf(stderr);
	const words = cause.trim().replace(/\s+/g, " ").slice(0, MAX_LENGTH);
	return `exit ${code ?? signal}: ${words}`;
}

/** Without Node's own lines around it. */
function firstLineOf(text) {
	const line = text
		.split("\n")
		.find((line) => line.trim() && !/^(node:|\(|\s*at )/.test(line));
	return [line ?? "no word"];
}

/** Without what differs from run to run: ports, process ids, paths. */
export function withoutNumbers(failure) {
	return failure?.replace(/ct-\w+/g, "ct-").replace(/\d+/g, "#");
}
