import { spawn } from "node:child_process";
import { Failure } from "../failure.js";

/** Far more than any program of the demo takes. */
const TIME_LIMIT_MS = 30_000;

/** The end of what a program says is where its error stands. */
const KEPT_OUTPUT_CHARACTERS = 4000;

/** Variables that would make the demo depend on the shell it is started from. */
const FOREIGN_VARIABLES =
	/^(AWS_|OTEL_|CONNTRACE_|NODE_OPTIONS$|NODE_TLS_REJECT_UNAUTHORIZED$)/;

/**
 * Runs Node in a process of its own and waits for its end.
 * @param name what the program is, for messages
 * @returns what it wrote to stderr
 * @throws Failure when it does not end with status 0 in time; the reason of the signal when that is aborted.
 */
export async function runNode(
	name: string,
	args: readonly string[],
	variables: Readonly<Record<string, string>>,
	signal: AbortSignal,
): Promise<string> {
	signal.throwIfAborted();
	const inherited = Object.entries(process.env).filter(
		([variable]) => !FOREIGN_VARIABLES.test(variable),
	);
	const child = spawn(process.execPath, args, {
		env: { ...Object.fromEntries(inherited), ...variables },
		stdio: ["ignore", "ignore", "pipe"],
		timeout: TIME_LIMIT_MS,
		killSignal: "SIGKILL",
		signal,
	});
	let errors = "";
	child.stderr.setEncoding("utf8").on("data", (text: string) => {
		errors = (errors + text).slice(-KEPT_OUTPUT_CHARACTERS);
	});
	const end = await new Promise<string>((resolve) => {
		child.on("error", (error) => {
			errors += error.message;
		});
		child.on("close", (status, killedBy) =>
			resolve(killedBy ?? `status ${status}`),
		);
	});
	signal.throwIfAborted();
	if (end !== "status 0") {
		const said = errors.trim() || "It wrote no error.";
		throw new Failure(
			end === "SIGKILL"
				? `${name} did not end within ${TIME_LIMIT_MS / 1000} s. ${said}`
				: `${name} ended with ${end}:\n${said}`,
		);
	}
	return errors;
}
