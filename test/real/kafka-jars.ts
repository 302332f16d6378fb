import { spawnSync } from "node:child_process";
import { existsSync, renameSync } from "node:fs";
import type { TestProject } from "vitest/node";
import { cached } from "./cache.js";

declare module "vitest" {
	export interface ProvidedContext {
		/** Folder with the jars of a Kafka; absent where they cannot be had. */
		kafka: string | undefined;
	}
}

const POM = "test/real/kafka/pom.xml";

/** Brings Kafka from its published Maven artefact, once for each state of pom.xml. */
export default function setup({ provide }: TestProject): void {
	const folder = cached("kafka", [POM]);
	const obstacle = existsSync(folder) ? undefined : bring(folder);
	if (obstacle) console.log(`SKIPPED: tests with a real Kafka: ${obstacle}`);
	provide("kafka", obstacle ? undefined : folder);
}

/** @returns why it could not be had, or nothing */
function bring(folder: string): string | undefined {
	for (const [program, option] of [
		["java", "-version"],
		["mvn", "-version"],
	] as const) {
		if (spawnSync(program, [option]).error)
			return `${program} is not installed`;
	}
	const unfinished = `${folder}.${process.pid}`;
	const { status } = spawnSync(
		"mvn",
		[
			...["-q", "-B", "-f", POM, "dependency:copy-dependencies"],
			`-DoutputDirectory=${unfinished}`,
		],
		{ stdio: "inherit" },
	);
	if (status !== 0) return "its Maven artefact could not be had";
	renameSync(unfinished, folder);
	return undefined;
}
