import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { inject } from "vitest";
import type { LambdaService } from "./lambda-service.js";
import { programEnvironment } from "./run-program.js";

const CLIENTS = resolve("test/lambda/runtime-clients");

/** AWS's runtime clients: 3 still knows callbacks, 4 is what Node 24 came with. */
export type RuntimeClient = 3 | 4;

export interface FunctionOptions {
	/** The files of the function's package. */
	readonly files: Readonly<Record<string, string>>;
	readonly handler?: string;
	readonly client?: RuntimeClient;
	readonly environment?: Readonly<Record<string, string>>;
	/** `AWS_LAMBDA_EXEC_WRAPPER`; none by default. */
	readonly wrapper?: string | undefined;
}

export interface LambdaFunction {
	readonly process: ChildProcess;
	/** Where its package lies. */
	readonly root: string;
	/** Lines that conntrace said. */
	readonly said: () => string[];
	readonly output: () => string;
	readonly ended: Promise<void>;
	stop(): Promise<void>;
}

/** Starts a function as Lambda does: AWS's runtime client, in a process of its own, in the environment that Lambda sets. */
export async function startFunction(
	service: LambdaService,
	{
		files,
		handler = "index.handler",
		client = 4,
		environment,
		wrapper,
	}: FunctionOptions,
): Promise<LambdaFunction> {
	const root = join(inject("temporaryDirectory"), randomUUID());
	await mkdir(root);
	for (const [name, text] of Object.entries(files)) {
		await mkdir(dirname(join(root, name)), { recursive: true });
		await writeFile(join(root, name), text);
	}
	const node = process.env.CONNTRACE_TEST_NODE ?? process.execPath;
	const start = [
		...(wrapper ? [wrapper] : []),
		node,
		...(client === 3
			? [join(CLIENTS, "node_modules/aws-lambda-ric-3/bin/index.mjs"), handler]
			: [join(CLIENTS, "node_modules/aws-lambda-ric-4/index.mjs")]),
	];
	const child = spawn(start[0] as string, start.slice(1), {
		cwd: root,
		env: {
			...programEnvironment(),
			NODE_OPTIONS: `--require ${join(CLIENTS, "native-client.cjs")}`,
			_HANDLER: handler,
			LAMBDA_TASK_ROOT: root,
			AWS_LAMBDA_RUNTIME_API: service.address,
			AWS_LAMBDA_FUNCTION_NAME: "put-event",
			AWS_LAMBDA_FUNCTION_VERSION: "7",
			AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "128",
			AWS_LAMBDA_LOG_GROUP_NAME: "group",
			AWS_LAMBDA_LOG_STREAM_NAME: "stream",
			AWS_LAMBDA_INITIALIZATION_TYPE: "on-demand",
			// Far more than a slow machine needs.
			CONNTRACE_FLUSH_TIMEOUT: "10000",
			OTEL_TRACES_EXPORTER: "otlp",
			OTEL_EXPORTER_OTLP_ENDPOINT: `http://${service.address}`,
			...environment,
		},
		stdio: ["ignore", "pipe", "pipe"],
	});
	let output = "";
	for (const stream of [child.stdout, child.stderr])
		stream?.setEncoding("utf8").on("data", (text: string) => {
			output += text;
		});
	const ended = new Promise<void>((resolve) => {
		child.on("close", () => resolve());
	});
	return {
		process: child,
		root,
		output: () => output,
		said: () =>
			output.split("\n").filter((line) => line.startsWith("conntrace:")),
		ended,
		async stop() {
			child.kill("SIGCONT");
			child.kill("SIGKILL");
			await ended;
		},
	};
}
