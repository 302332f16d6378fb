import { type StdioOptions, spawn } from "node:child_process";
import { constants } from "node:os";
import { Failure } from "../failure";

/** Passed on to the command when they are sent to this process. */
const SIGNALS: readonly NodeJS.Signals[] = [
	"SIGINT",
	"SIGTERM",
	"SIGHUP",
	"SIGQUIT",
	"SIGUSR2",
];

/** What shells answer for a command that is not there, and for one that cannot be run. */
const STATUS_NOT_FOUND = 127;
const STATUS_NOT_RUNNABLE = 126;

/** The command could not be started. */
export class SpawnFailure extends Failure {
	constructor(
		message: string,
		readonly status: number,
	) {
		super(message);
	}
}

/**
 * Runs a command, unless told otherwise on this process's own standard streams, passes signals on to it and waits for its end.
 * @returns its exit status, or 128 and the number of the signal that ended it
 * @throws SpawnFailure when it cannot be started
 */
export async function runChild(
	command: string,
	args: readonly string[],
	env: NodeJS.ProcessEnv,
	stdio: StdioOptions = "inherit",
): Promise<number> {
	const child = spawn(command, args, { stdio, env });
	const passOn = (signal: NodeJS.Signals): void => {
		// The terminal has sent it to the command already, and twice could mean something else to that.
		const sentByTerminal = signal === "SIGINT" || signal === "SIGQUIT";
		if (sentByTerminal && process.stdin.isTTY) return;
		child.kill(signal);
	};
	for (const signal of SIGNALS) process.on(signal, passOn);
	try {
		return await new Promise((resolve, reject) => {
			child.on("error", (error) => reject(spawnFailure(command, error)));
			child.on("exit", (status, signal) =>
				resolve(signal ? 128 + constants.signals[signal] : (status ?? 0)),
			);
		});
	} finally {
		for (const signal of SIGNALS) process.off(signal, passOn);
	}
}

function spawnFailure(
	command: string,
	{ code, message }: NodeJS.ErrnoException,
): SpawnFailure {
	if (code === "ENOENT") {
		return new SpawnFailure(`${command}: command not found`, STATUS_NOT_FOUND);
	}
	if (code === "EACCES") {
		return new SpawnFailure(
			`${command}: not allowed to run it (is it executable?)`,
			STATUS_NOT_RUNNABLE,
		);
	}
	return new SpawnFailure(`${command}: ${message}`, STATUS_NOT_RUNNABLE);
}
