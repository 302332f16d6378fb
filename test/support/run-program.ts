import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { inject } from "vitest";
import { readSpans, type Span } from "./spans.js";

/** The agent's file, as it is preloaded. */
export const REGISTER = resolve("dist/register.js");

/** How the agent is loaded: by `-r`, `--import`, `NODE_OPTIONS`, or not at all. */
export type Preload = "require" | "import" | "NODE_OPTIONS" | "none";

export interface RunOptions {
	readonly arguments?: readonly string[];
	readonly preload?: Preload;
	/** What is preloaded in place of the agent. */
	readonly register?: string;
	/** A command that runs what follows it, such as one that sets limits. */
	readonly launcher?: readonly string[];
	/** Options of Node itself. */
	readonly nodeOptions?: readonly string[];
	readonly environment?: Readonly<Record<string, string>>;
	/** Sent once the program has written its first line. */
	readonly signalAfterFirstLine?: NodeJS.Signals;
	/** In milliseconds; by default far more than any program of the tests takes. */
	readonly timeLimit?: number;
}

export interface Run {
	readonly exitCode: number | null;
	readonly signal: NodeJS.Signals | null;
	readonly stdout: string;
	readonly stderr: string;
	/** What the program said: its lines of JSON. */
	readonly reports: readonly unknown[];
	readonly spans: readonly Span[];
	/** The export as it stands in the file, byte for byte. */
	readonly exported: string;
}

/** Variables that would make a test depend on the shell it is started from. */
const FOREIGN_VARIABLES =
	/^(AWS_|OTEL_|CONNTRACE_|VITEST|NODE_|npm_|FORCE_COLOR$|NO_COLOR$|https?_proxy$|no_proxy$)/i;

/** The environment of a program under test: nothing of the shell's tracing, AWS or Node configuration. */
export function programEnvironment(): Record<string, string | undefined> {
	return {
		...Object.fromEntries(
			Object.entries(process.env).filter(
				([name]) => !FOREIGN_VARIABLES.test(name),
			),
		),
		NODE_EXTRA_CA_CERTS: inject("authorityFile"),
		OTEL_TRACES_EXPORTER: "none",
	};
}

/** Runs a program in a process of its own, with the Node binary named by CONNTRACE_TEST_NODE or the one running the tests. */
export async function runProgram(
	file: string,
	options: RunOptions = {},
): Promise<Run> {
	const { preload = "require", timeLimit = 20_000 } = options;
	const register = options.register ?? REGISTER;
	const spanFile = join(inject("temporaryDirectory"), `${randomUUID()}.jsonl`);
	const [command, ...first] = [
		...(options.launcher ?? []),
		process.env.CONNTRACE_TEST_NODE ?? process.execPath,
	] as const;
	const child = spawn(
		command,
		[
			...first,
			...(options.nodeOptions ?? []),
			...(preload === "require" ? ["-r", register] : []),
			...(preload === "import" ? ["--import", register] : []),
			file,
			...(options.arguments ?? []),
		],
		{
			env: {
				...programEnvironment(),
				CONNTRACE_FILE: spanFile,
				...(preload === "NODE_OPTIONS" && {
					NODE_OPTIONS: `--require ${register}`,
				}),
				...options.environment,
			},
			stdio: ["ignore", "pipe", "pipe"],
			timeout: timeLimit,
			killSignal: "SIGKILL",
		},
	);
	let stdout = "";
	let stderr = "";
	child.stdout.setEncoding("utf8").on("data", (text: string) => {
		const { signalAfterFirstLine } = options;
		if (signalAfterFirstLine && !stdout.includes("\n") && text.includes("\n"))
			child.kill(signalAfterFirstLine);
		stdout += text;
	});
	child.stderr.setEncoding("utf8").on("data", (text: string) => {
		stderr += text;
	});
	const [exitCode, signal] = await new Promise<
		[number | null, NodeJS.Signals | null]
	>((resolve, reject) => {
		child.on("error", reject);
		child.on("close", (...end) => resolve(end));
	});
	if (signal === "SIGKILL")
		throw new Error(`${file} did not end within ${timeLimit} ms.\n${stderr}`);
	const exported = await readIfThere(spanFile);
	return {
		exitCode,
		signal,
		stdout,
		stderr,
		reports: stdout
			.split("\n")
			.filter(isJsonLine)
			.map((line) => JSON.parse(line)),
		spans: readSpans(exported),
		exported,
	};
}

const isJsonLine = (line: string): boolean =>
	/^([[{"\d]|null|true|false)/.test(line);

/** No file is written where nothing was traced. */
async function readIfThere(file: string): Promise<string> {
	try {
		return await readFile(file, "utf8");
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
		throw error;
	}
}
