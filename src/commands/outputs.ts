import { open, writeFile } from "node:fs/promises";
import type { Report } from "../report/model";
import { VERSION } from "../version";
import { attempt } from "./failure";

/** Files that a command is asked to write. */
export interface Outputs {
	readonly json?: string | undefined;
}

/**
 * Finds out that a file cannot be written before the work is done that it is for.
 * @throws Failure
 */
export async function checkWritable({ json }: Outputs): Promise<void> {
	for (const path of [json]) {
		if (path === undefined) continue;
		await attempt(`write ${path}`, async () => {
			const file = await open(path, "a");
			await file.close();
		});
	}
}

/** @throws Failure when a file cannot be written. */
export async function writeReport(
	report: Report,
	{ json }: Outputs,
): Promise<void> {
	if (json !== undefined) {
		await attempt(`write ${json}`, () => writeFile(json, toJson(report)));
	}
}

export function toJson(report: Report): string {
	return `${JSON.stringify(report)}\n`;
}

export function newReport(
	report: Omit<Report, "format" | "conntraceVersion" | "createdAt">,
): Report {
	return {
		format: 1,
		conntraceVersion: VERSION,
		createdAt: Date.now(),
		...report,
	};
}
