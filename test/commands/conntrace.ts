import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { text } from "node:stream/consumers";
import { inject } from "vitest";

const CLI = resolve("dist/cli.js");

/** Variables that would make a test depend on the shell it is started from. */
const FOREIGN_VARIABLES =
	/^(AWS_|OTEL_|CONNTRACE_|VITEST|NODE_|npm_|FORCE_COLOR$|NO_COLOR$|https?_proxy$|no_proxy$)/i;

export interface End {
	readonly status: number | null;
	readonly signal: NodeJS.Signals | null;
	readonly stdout: string;
	readonly stderr: string;
}

export interface ConntraceOptions {
	readonly environment?: Readonly<Record<string, string>>;
	readonly input?: string | Buffer;
	/** Options of Node itself. */
	readonly nodeOptions?: readonly string[];
}

/** Starts the command line in a process of its own; programs that it runs use the Node binary named by CONNTRACE_TEST_NODE. */
export function startConntrace(
	args: readonly string[],
	{ environment, nodeOptions = [] }: ConntraceOptions = {},
): ChildProcess {
	const inherited = Object.entries(process.env).filter(
		([name]) => !FOREIGN_VARIABLES.test(name),
	);
	return spawn(NODE, [...nodeOptions, CLI, ...args], {
		env: {
			...Object.fromEntries(inherited),
			// Colour libraries take it for a wish.
			CI: "true",
			// Nothing of what else runs on this machine.
			OTEL_TRACES_EXPORTER: "none",
			NODE_EXTRA_CA_CERTS: inject("authorityFile"),
			...environment,
		},
		stdio: ["pipe", "pipe", "pipe"],
		timeout: 60_000,
		killSignal: "SIGKILL",
	});
}

export const NODE = process.env.CONNTRACE_TEST_NODE ?? process.execPath;

export async function endOf(child: ChildProcess): Promise<End> {
	const [[status, signal], stdout, stderr] = await Promise.all([
		once(child, "close"),
		text(child.stdout as NodeJS.ReadableStream),
		text(child.stderr as NodeJS.ReadableStream),
	]);
	return { status, signal, stdout, stderr };
}

export async function conntrace(
	args: readonly string[],
	options: ConntraceOptions = {},
): Promise<End> {
	const child = startConntrace(args, options);
	child.stdin?.end(options.input);
	return endOf(child);
}

/** The cells of the rows of all tables in a text, by their first cell. */
export function rowsOf(output: string): Record<string, string[]> {
	return Object.fromEntries(
		output
			.split("\n")
			.filter((line) => line.startsWith("│"))
			.map((line) =>
				line
					.split("│")
					.slice(1, -1)
					.map((cell) => cell.trim()),
			)
			.map(([first, ...cells]) => [first, cells]),
	);
}
