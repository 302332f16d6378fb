import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { Failure } from "../failure";

/** The end of what a program says is where its error stands. */
const KEPT_OUTPUT_CHARACTERS = 4000;

/** Variables that would make the experiment depend on the shell it is started from. */
const FOREIGN_VARIABLES =
	/^(AWS_|OTEL_|CONNTRACE_|NODE_OPTIONS$|NODE_TLS_REJECT_UNAUTHORIZED$)/;

/** What this process was started with, without what tells tracing, the AWS SDKs or Node what to do. */
export function neutralEnvironment(): NodeJS.ProcessEnv {
	return Object.fromEntries(
		Object.entries(process.env).filter(
			([variable]) => !FOREIGN_VARIABLES.test(variable),
		),
	);
}

export interface ProgramOptions {
	readonly env: NodeJS.ProcessEnv;
	readonly signal: AbortSignal;
	/** In milliseconds; a program that takes longer hangs. */
	readonly timeLimit: number;
	/** Gets each line that it writes to stdout. */
	readonly onLine?: (line: string, child: ChildProcess) => void;
}

/**
 * Runs Node in a process of its own and waits for its end.
 * @param name what the program is, for messages
 * @throws Failure when it does not end with status 0 in time; the reason of the signal when that is aborted.
 */
export async function runNode(
	name: string,
	args: readonly string[],
	{ env, signal, timeLimit, onLine }: ProgramOptions,
): Promise<void> {
	signal.throwIfAborted();
	const child = spawn(process.execPath, args, {
		env,
		stdio: ["ignore", "pipe", "pipe"],
		timeout: timeLimit,
		killSignal: "SIGKILL",
		signal,
	});
	let errors = "";
	child.stderr.setEncoding("utf8").on("data", (text: string) => {
		errors = (errors + text).slice(-KEPT_OUTPUT_CHARACTERS);
	});
	createInterface(child.stdout).on("line", (line) => onLine?.(line, child));
	const end = await new Promise<string>((resolve) => {
		child.on("error", (error) => {
			errors += error.message;
		});
		child.on("close", (status, killedBy) =>
			resolve(killedBy ?? `status ${status}`),
		);
	});
	signal.throwIfAborted();
	if (end === "status 0") return;
	const said = errors.trim() || "It wrote no error.";
	throw new Failure(
		end === "SIGKILL"
			? `${name} did not end within ${timeLimit / 1000} s. ${said}`
			: `${name} ended with ${end}:\n${said}`,
	);
}
