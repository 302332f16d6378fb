import { existsSync } from "node:fs";
import { join } from "node:path";
import { say } from "../agent/log";
import { Failure } from "../failure";
import { renderStatistics } from "../report/terminal";
import { type Checks, findViolations, renderViolations } from "./checks";
import { runChild } from "./child";
import { startCollection } from "./collection";
import { emphasisFor } from "./emphasis";
import { findDestination } from "./forwarding";
import { showLiveTitle } from "./live-title";
import { checkWritable, newReport, type Outputs, writeReport } from "./outputs";
import { preloadEnvironment } from "./preload";
import { titleOf } from "./title";

export interface RunOptions extends Outputs, Checks {
	/** OTLP JSON lines of all spans are written to this file. */
	readonly otlp?: string | undefined;
}

/** Exit status where the run did not keep to what was asked of it. */
const STATUS_VIOLATION = 1;

/**
 * Runs a command with the agent in all its Node processes, and says on stderr what their connections did.
 * @returns the exit status: that of the command, unless a check failed
 * @throws Failure when the command cannot be started or a file cannot be written
 */
export async function run(
	command: readonly string[],
	options: RunOptions,
): Promise<number> {
	const [program = "", ...args] = command;
	const agent = agentFile();
	await checkWritable(options);
	const destination = await findDestination(process.env, say);
	const collection = await startCollection({
		destination,
		otlpFile: options.otlp,
	});
	const endLiveTitle = showLiveTitle(process.stderr, collection.summary);
	let status: number;
	try {
		status = await runChild(
			program,
			args,
			preloadEnvironment(process.env, [agent], collection.receiverUrl),
		);
	} catch (error) {
		await collection.cancel();
		throw error;
	} finally {
		endLiveTitle();
	}

	const title = titleOf(command);
	const { run, warning } = await collection.finish(title);
	const emphasis = emphasisFor(process.stderr);
	process.stderr.write(renderStatistics(title, run, emphasis));
	if (warning) say(warning);
	await writeReport(
		newReport({
			title,
			kind: "run",
			runs: [run],
			...(destination?.jaeger && { jaeger: destination.jaeger }),
		}),
		options,
	);
	const violations = findViolations(run, options);
	process.stderr.write(renderViolations(violations, emphasis));
	return violations.length > 0 ? STATUS_VIOLATION : status;
}

/** @throws Failure when it has not been built. */
export function agentFile(): string {
	const file = join(__dirname, "register.js");
	if (existsSync(file)) return file;
	throw new Failure(`${file} is missing; make it by "npm run build".`);
}
