import { existsSync } from "node:fs";
import { access, constants, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { readConfiguration } from "../agent/config";
import type { Diagnosis, TrialOutcome } from "../doctor/diagnosis";
import { askEndpoint } from "../doctor/endpoint";
import type { ProcessExamination } from "../doctor/examination";
import { findPackages } from "../doctor/packages";
import {
	endpointProblem,
	processProblems,
	trialProblems,
} from "../doctor/problems";
import { renderDiagnosis } from "../doctor/render";
import { settingsInForce, unknownVariables } from "../doctor/settings";
import { TRIAL, TRIAL_ENVIRONMENT, TRIAL_EXPECTED } from "../doctor/trial";
import type { Run } from "../report/model";
import { VERSION } from "../version";
import { runChild } from "./child";
import { startCollection } from "./collection";
import { emphasisFor } from "./emphasis";
import { withPreloads } from "./preload";

export interface DoctorOptions {
	readonly json: boolean;
}

/** What a command prints goes to stderr: stdout is the diagnosis. */
const OUTPUT_TO_STDERR = ["inherit", 2, 2] as const;

/**
 * Says on stdout what hinders the agent in this environment.
 * @param command looked at while it runs; if empty, a small program of our own
 * @returns the exit status: 1 if something is wrong
 * @throws Failure when the command cannot be started
 */
export async function doctor(
	command: readonly string[],
	{ json }: DoctorOptions,
): Promise<number> {
	const diagnosis = await diagnose(command, process.env);
	process.stdout.write(
		json
			? `${JSON.stringify(diagnosis)}\n`
			: renderDiagnosis(diagnosis, emphasisFor(process.stdout)),
	);
	return diagnosis.problems.length > 0 ? 1 : 0;
}

async function diagnose(
	command: readonly string[],
	env: NodeJS.ProcessEnv,
): Promise<Diagnosis> {
	const read = readConfiguration(env);
	const { collector, disabled, file } = read.configuration;
	const examined =
		command.length > 0
			? await examineCommand(command, env)
			: await makeTrial(env);
	const endpoint = collector && (await askEndpoint(collector));
	return {
		versions: {
			conntrace: VERSION,
			node: process.version,
			platform: `${process.platform} ${process.arch}`,
		},
		packages: findPackages(process.cwd()),
		...examined,
		...(endpoint && { endpoint }),
		settings: settingsInForce(read, env),
		problems: [
			...read.warnings,
			...unknownVariables(env).map(
				(name) => `${name}: there is no such variable`,
			),
			...(disabled
				? ["OTEL_SDK_DISABLED=true: nothing is traced"]
				: [
						...examined.processes.flatMap(processProblems),
						...(examined.trial ? trialProblems(examined.trial) : []),
					]),
			...(examined.processes.length === 0
				? ["no Node.js process ended with the agent in it"]
				: []),
			...(endpoint ? endpointProblem(endpoint) : []),
			...(collector || file
				? []
				: ["neither a collector nor CONNTRACE_FILE is configured"]),
			...(file ? await fileProblem(file) : []),
		],
	};
}

type Examined = Pick<Diagnosis, "processes" | "trial" | "commandStatus">;

async function examineCommand(
	command: readonly string[],
	env: NodeJS.ProcessEnv,
): Promise<Examined> {
	const [program = "", ...args] = command;
	const { status, processes } = await examine(program, args, env);
	return { processes, commandStatus: status };
}

async function makeTrial(env: NodeJS.ProcessEnv): Promise<Examined> {
	const collection = await startCollection({});
	try {
		const { processes } = await examine(process.execPath, ["-e", TRIAL], {
			...env,
			...TRIAL_ENVIRONMENT,
			CONNTRACE_FLUSH_TIMEOUT: "5000",
			CONNTRACE_RECEIVER: collection.receiverUrl,
		});
		const { run } = await collection.finish("trial");
		return { processes, trial: outcomeOf(run) };
	} catch (error) {
		await collection.cancel();
		throw error;
	}
}

function outcomeOf({ requests }: Run): TrialOutcome {
	return Object.fromEntries(
		Object.entries(TRIAL_EXPECTED).map(([way, { host }]) => [
			way,
			requests.rows
				.filter((row) => row.host.startsWith(`${host}:`))
				.map(({ connectionUse }) => connectionUse),
		]),
	);
}

/** Runs a command with the agent and a look at it in all its Node processes. */
async function examine(
	program: string,
	args: readonly string[],
	env: NodeJS.ProcessEnv,
): Promise<{ status: number; processes: ProcessExamination[] }> {
	const folder = await mkdtemp(join(tmpdir(), "conntrace-doctor-"));
	const file = join(folder, "processes.jsonl");
	try {
		const status = await runChild(
			program,
			args,
			{
				...env,
				NODE_OPTIONS: withPreloads(env, [join(__dirname, "doctor-probe.js")]),
				CONNTRACE_DOCTOR_FILE: file,
			},
			[...OUTPUT_TO_STDERR],
		);
		return { status, processes: await readExaminations(file) };
	} finally {
		await rm(folder, { recursive: true });
	}
}

async function readExaminations(file: string): Promise<ProcessExamination[]> {
	try {
		const text = await readFile(file, "utf8");
		return text
			.trimEnd()
			.split("\n")
			.map((line) => JSON.parse(line));
	} catch (error) {
		// No process has written it.
		if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
		throw error;
	}
}

/** The file may have to be made. */
async function fileProblem(file: string): Promise<string[]> {
	const path = resolve(file);
	try {
		await access(existsSync(path) ? path : dirname(path), constants.W_OK);
		return [];
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException;
		return [`CONNTRACE_FILE=${file} cannot be written (${code})`];
	}
}
