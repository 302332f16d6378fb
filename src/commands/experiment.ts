import { constants } from "node:os";
import { join } from "node:path";
import { say } from "../agent/log";
import { runExperiment } from "../experiment/experiment";
import { serviceOf } from "../experiment/run-variant";
import { FULL, QUICK, variantsFor } from "../experiment/variants";
import { printable } from "../printable";
import type { Story } from "../report/model";
import { type Emphasis, renderRuns } from "../report/terminal";
import { emphasisFor } from "./emphasis";
import { type Destination, findDestination } from "./forwarding";
import {
	checkWritable,
	newReport,
	type Outputs,
	toStandardOutput,
	writeReport,
} from "./outputs";
import { showProgress } from "./progress";
import { agentFile } from "./run";

export interface ExperimentCommandOptions extends Outputs {
	/** Round trip to add, in milliseconds. */
	readonly rtt: number;
	/** Time to add to name resolution, in milliseconds. */
	readonly dns: number;
	readonly quick: boolean;
	/** A DynamoDB; an embedded one if absent. */
	readonly endpoint?: string | undefined;
	readonly table: string;
}

/**
 * Repeats the investigation and tells it.
 * @returns the exit status
 * @throws Failure when something cannot be had or a program fails
 */
export async function experiment(
	options: ExperimentCommandOptions,
): Promise<number> {
	const agent = agentFile();
	// The embedded DynamoDB calls url.parse(), which Node 26 warns of.
	process.noDeprecation = true;
	await checkWritable(options);
	const destination = await findDestination(process.env, say);
	const scale = options.quick ? QUICK : FULL;
	const interruption = new Interruption();
	const progress = showProgress(process.stderr, "experiment");
	try {
		const { runs, story, warnings } = await runExperiment({
			scale,
			conditions: {
				endpoint: options.endpoint,
				table: options.table,
				roundTrip: options.rtt,
				dnsDelay: options.dns,
			},
			files: {
				agent,
				names: join(__dirname, "experiment-names.js"),
				handlers: {
					2: join(__dirname, "experiment-v2.js"),
					3: join(__dirname, "experiment-v3.js"),
				},
			},
			destination,
			signal: interruption.signal,
			onBegin({ title }) {
				if (!process.stderr.isTTY) say(`${title} ...`);
			},
			onProgress: progress.update,
		});
		progress.end();
		for (const warning of warnings) say(warning);
		await writeReport(
			newReport({
				title: "conntrace experiment",
				kind: "experiment",
				runs,
				story,
				...(destination?.jaeger && { jaeger: destination.jaeger }),
			}),
			options,
		);
		if (!toStandardOutput(options)) {
			process.stdout.write(renderStory(story, emphasisFor(process.stdout)));
			process.stdout.write(renderRuns(runs, "puts"));
			process.stdout.write(
				whereToLook(options, destination, variantsFor(scale).map(serviceOf)),
			);
		}
		return 0;
	} catch (error) {
		if (interruption.status === undefined) throw error;
		return interruption.status;
	} finally {
		progress.end();
		interruption.ignore();
	}
}

/** What SIGINT and SIGTERM do: end the programs, remove what was made, and answer as shells do. */
class Interruption {
	status: number | undefined;
	private readonly controller = new AbortController();
	private readonly interrupt = (signal: "SIGINT" | "SIGTERM"): void => {
		this.status = 128 + constants.signals[signal];
		this.controller.abort();
	};

	constructor() {
		// More than once: npm hands Ctrl-C on to a process that has it from the terminal already.
		process.on("SIGINT", this.interrupt).on("SIGTERM", this.interrupt);
	}

	get signal(): AbortSignal {
		return this.controller.signal;
	}

	ignore(): void {
		process.off("SIGINT", this.interrupt).off("SIGTERM", this.interrupt);
	}
}

function renderStory(
	{ title, introduction, conditions, chapters }: Story,
	{ bold, dim, green, red }: Emphasis,
): string {
	const lines = [
		bold(title),
		introduction,
		...conditions.map(({ name, value }) => dim(`${name}: ${value}`)),
		...chapters.flatMap(({ title, text, claims }, index) => [
			"",
			bold(`${index + 1}. ${title}`),
			text,
			...claims.map(
				({ claim, holds, measured }) =>
					`  ${holds ? green("holds") : red("does not hold here")}: ${claim} (${measured})`,
			),
		]),
	];
	return `${lines.map((line) => line.split("\n").join(" ")).join("\n")}\n\n`;
}

function whereToLook(
	{ html }: Outputs,
	destination: Destination | undefined,
	services: readonly string[],
): string {
	const lines = html ? [`See it: ${html}`] : [];
	const { jaeger } = destination ?? {};
	if (jaeger) {
		lines.push(
			"See each put in Jaeger:",
			...services.map((service) => `  ${searchLink(jaeger, service)}`),
		);
	} else if (!destination) {
		lines.push(
			'To see each put as a trace, start Jaeger ("docker compose up -d jaeger") and run this again.',
		);
	}
	return lines.map((line) => `${printable(line)}\n`).join("");
}

/** The page of Jaeger that lists a service's traces. */
export function searchLink(jaeger: string, service: string): string {
	return `${jaeger}/search?${new URLSearchParams({ service, lookback: "1h", limit: "100" })}`;
}
