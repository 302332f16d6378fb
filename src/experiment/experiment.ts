import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Destination } from "../commands/forwarding";
import { attempt } from "../failure";
import type { Run, Story } from "../report/model";
import { makeCertificate } from "./certificate";
import {
	type Conditions,
	runVariant,
	type Stage,
	type VariantResult,
} from "./run-variant";
import { tellStory } from "./story";
import { durationOf, type Scale, type Variant, variantsFor } from "./variants";

export interface ExperimentOptions {
	readonly scale: Scale;
	readonly conditions: Conditions;
	readonly files: Stage["files"];
	readonly destination?: Destination | undefined;
	/** Stops the experiment, which then rejects with the signal's reason. */
	readonly signal: AbortSignal;
	/** Called when a variant begins. */
	readonly onBegin: (variant: Variant) => void;
	/** Called as the work proceeds, with the share that is done, from 0 to 1. */
	readonly onProgress: (share: number) => void;
}

export interface Experiment {
	readonly runs: readonly Run[];
	readonly story: Story;
	/** What could not be sent on. */
	readonly warnings: readonly string[];
}

/** What starting a program takes, for the estimate of the time left, in milliseconds. */
const START_MS = 1000;

/** Variants that wait nearly all of their time do not disturb each other. */
const WAITING_AT_ONCE = 4;
const WAITING_PAUSE_MS = 400;

/**
 * Makes the same calls in all variants and tells what they show.
 * @throws Failure when something cannot be had or a program fails
 */
export async function runExperiment(
	options: ExperimentOptions,
): Promise<Experiment> {
	const { scale, conditions, onBegin, onProgress, signal } = options;
	const variants = variantsFor(scale).filter(
		(variant) => !conditions.endpoint || worksAnywhere(variant),
	);
	const total = variants.reduce((sum, variant) => sum + costOf(variant), 0);
	let done = 0;
	const results = new Map<Variant["id"], VariantResult>();
	const folder = await attempt("make a temporary folder", () =>
		mkdtemp(join(tmpdir(), "conntrace-experiment-")),
	);
	try {
		const stage = await setStage(folder, options);
		const run = async (variant: Variant): Promise<void> => {
			signal.throwIfAborted();
			onBegin(variant);
			results.set(variant.id, await runVariant(variant, conditions, stage));
			done += costOf(variant);
			onProgress(done / total);
		};
		const [waiting, busy] = partition(variants, isWaiting);
		for (const variant of busy) await run(variant);
		await runTogether(waiting, run);
	} finally {
		await rm(folder, { recursive: true });
	}
	return tell(variants, results, options);
}

async function setStage(
	folder: string,
	{ files, destination, signal }: ExperimentOptions,
): Promise<Stage> {
	const certificate = await makeCertificate();
	const certificateFile = join(folder, "ca.pem");
	await attempt("write the certificate", () =>
		writeFile(certificateFile, certificate.cert),
	);
	return { certificate, certificateFile, files, destination, signal };
}

/** Some at a time; the first failure is that of all, once none runs any more. */
async function runTogether(
	variants: readonly Variant[],
	run: (variant: Variant) => Promise<void>,
): Promise<void> {
	const left = [...variants];
	const work = async (): Promise<void> => {
		for (let next = left.shift(); next; next = left.shift()) await run(next);
	};
	const ends = await Promise.allSettled(
		Array.from({ length: WAITING_AT_ONCE }, work),
	);
	for (const end of ends) if (end.status === "rejected") throw end.reason;
}

function tell(
	variants: readonly Variant[],
	results: ReadonlyMap<Variant["id"], VariantResult>,
	{ scale, conditions }: ExperimentOptions,
): Experiment {
	const told = variants.flatMap(({ id }) => {
		const result = results.get(id);
		return result ? [{ id, ...result }] : [];
	});
	return {
		runs: told.map(({ run }) => run),
		story: tellStory({
			runs: new Map(told.map(({ id, run }) => [id, run])),
			counted: new Map(
				told.flatMap(({ id, counted }) =>
					counted ? [[id, counted] as const] : [],
				),
			),
			scale,
			conditions: describe(scale, conditions),
		}),
		warnings: [...new Set(told.flatMap(({ warning }) => warning ?? []))],
	};
}

function describe(scale: Scale, conditions: Conditions): Story["conditions"] {
	const { endpoint, roundTrip, dnsDelay } = conditions;
	return [
		{
			name: "DynamoDB",
			value: endpoint ?? "embedded (dynalite) behind TLS, on this machine",
		},
		{ name: "pause between calls", value: `${scale.pause} ms unless said` },
		...(endpoint
			? [
					{
						name: "left out",
						value:
							"what needs a server whose idle limit is known, and several endpoints",
					},
				]
			: [
					{
						name: "round trip added",
						value: `${roundTrip} ms to each question and answer; connecting itself is not delayed`,
					},
				]),
		{ name: "name resolution added", value: `${dnsDelay} ms` },
		{ name: "Node.js", value: process.version },
	];
}

/** Whether a variant needs nothing of the server that only the embedded one has. */
function worksAnywhere({ serverIdleLimit, endpoints }: Variant): boolean {
	return serverIdleLimit === undefined && endpoints === undefined;
}

function isWaiting({ pause, freeze }: Variant): boolean {
	return pause >= WAITING_PAUSE_MS || freeze !== undefined;
}

function partition<Item>(
	items: readonly Item[],
	isFirst: (item: Item) => boolean,
): [Item[], Item[]] {
	return [items.filter(isFirst), items.filter((item) => !isFirst(item))];
}

/** What a variant adds to the time that all take, in milliseconds. */
function costOf(variant: Variant): number {
	const cost = durationOf(variant) + START_MS;
	return isWaiting(variant) ? cost / WAITING_AT_ONCE : cost;
}
