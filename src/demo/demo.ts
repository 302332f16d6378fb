import { existsSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../failure.js";
import type { Run } from "../report/model.js";
import { RunAnalysis } from "../report/run-analysis.js";
import type { Span } from "../report/span.js";
import { renderRuns } from "../report/terminal.js";
import { runNode } from "./child.js";
import {
	type Destination,
	findDestination,
	forward,
	searchLink,
} from "./forwarding.js";
import { createProgress, type Progress } from "./progress.js";
import { onStage, type Stage } from "./stage.js";
import { type Counted, findDisagreement } from "./truth.js";
import { VARIANTS, type Variant } from "./variants.js";

const PUTS = 25;
const INTERVAL_MS = 100;

interface VariantRun {
	readonly run: Run;
	readonly counted: Counted;
	/** What the handler's process wrote to stderr. */
	readonly errors: string;
}

/**
 * Puts posts into a DynamoDB on this machine in each of the variants, with the preload, and prints what the traces say.
 * @param root the folder of the project
 * @param signal stops the demo, which then rejects with the signal's reason
 * @throws Failure when something cannot be had, a program fails, or the traces are not what the server counted.
 */
export async function runDemo(
	root: string,
	output: NodeJS.WriteStream,
	environment: NodeJS.ProcessEnv,
	signal: AbortSignal,
): Promise<void> {
	const preload = join(root, "dist", "register.js");
	if (!existsSync(preload)) {
		throw new Failure(`${preload} is missing; make it by "npm run build".`);
	}
	const examples = join(root, "examples");
	const destination = await findDestination(environment);

	await onStage(async (stage) => {
		await runNode(
			"examples/create-table.js",
			[join(examples, "create-table.js")],
			stage.variables,
			signal,
		);
		const progress = createProgress(output);
		const runs: VariantRun[] = [];
		for (const variant of VARIANTS) {
			const program = ["-r", preload, join(examples, "handler.js")];
			runs.push(await runVariant(variant, program, stage, progress, signal));
		}
		output.write(
			renderRuns(
				runs.map(({ run }) => run),
				"puts",
			),
		);
		output.write(`${compareWithServer(runs)}\n`);
		output.write(`${await passOn(stage.exports, destination, signal)}\n`);
	});
}

async function runVariant(
	{ title, client, service }: Variant,
	program: readonly string[],
	{ dynamodb, receiver, spans, variables }: Stage,
	progress: Progress,
	signal: AbortSignal,
): Promise<VariantRun> {
	const before = { ...dynamodb.seen };
	const ignoreRequests = dynamodb.onRequest(progress.step);
	progress.begin(title, PUTS);
	try {
		const errors = await runNode(
			`examples/handler.js with CLIENT=${client}`,
			program,
			{
				...variables,
				CLIENT: client,
				COUNT: String(PUTS),
				INTERVAL_MS: String(INTERVAL_MS),
				OTEL_SERVICE_NAME: service,
				OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: receiver.tracesUrl,
			},
			signal,
		);
		return {
			run: analyse(
				title,
				spans.filter((span) => span.service === service),
			),
			counted: {
				connections: dynamodb.seen.connections - before.connections,
				requests: dynamodb.seen.requests - before.requests,
			},
			errors,
		};
	} finally {
		ignoreRequests();
		progress.end();
	}
}

function analyse(title: string, spans: readonly Span[]): Run {
	const analysis = new RunAnalysis();
	for (const span of spans) analysis.add(span);
	return analysis.build(title, []);
}

function compareWithServer(runs: readonly VariantRun[]): string {
	const faults = runs.flatMap(({ run, counted, errors }) => {
		const disagreement = findDisagreement(run.name, run.overall, counted);
		return disagreement ? [`${disagreement}\n${errors}`.trim()] : [];
	});
	if (faults.length > 0) throw new Failure(faults.join("\n"));
	const counts = runs.map(({ counted }) => counted.connections).join(", ");
	return `The server itself counted the same connections: ${counts}.`;
}

async function passOn(
	exports: readonly string[],
	destination: Destination | undefined,
	signal: AbortSignal,
): Promise<string> {
	if (!destination) {
		return `To see each put as a trace, start Jaeger ("docker compose up -d jaeger") and run this again.`;
	}
	for (const json of exports) await forward(destination, json, signal);
	const { jaeger, tracesUrl } = destination;
	if (!jaeger) return `The spans were sent on to ${tracesUrl}.`;
	const links = VARIANTS.map(
		({ title, service }) =>
			`  ${title.padEnd(22)} ${searchLink(jaeger, service)}`,
	);
	return ["See each put in Jaeger:", ...links].join("\n");
}
