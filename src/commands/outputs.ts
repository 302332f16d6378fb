import { open, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { attempt } from "../failure";
import { renderHtml } from "../report/html/render";
import type { Report } from "../report/model";
import { VERSION } from "../version";

/** The file name that means standard output. */
const STANDARD_OUTPUT = "-";

/** Files that a command is asked to write. */
export interface Outputs {
	readonly html?: string | undefined;
	readonly json?: string | undefined;
}

/**
 * Finds out that a file cannot be written before the work is done that it is for.
 * @throws Failure
 */
export async function checkWritable({ html, json }: Outputs): Promise<void> {
	for (const path of [html, json]) {
		if (path === undefined || path === STANDARD_OUTPUT) continue;
		await attempt(`write ${path}`, async () => {
			const file = await open(path, "a");
			await file.close();
		});
	}
}

/** @throws Failure when a file cannot be written. */
export async function writeReport(
	report: Report,
	{ html, json }: Outputs,
): Promise<void> {
	if (json === STANDARD_OUTPUT) {
		process.stdout.write(toJson(report));
	} else if (json !== undefined) {
		await attempt(`write ${json}`, () => writeFile(json, toJson(report)));
	}
	if (html !== undefined) {
		const template = join(__dirname, "report.html");
		await attempt(`write ${html}`, async () =>
			writeFile(html, renderHtml(report, await readFile(template, "utf8"))),
		);
	}
}

/** Whether the JSON goes where text for people would go otherwise. */
export function toStandardOutput({ json }: Outputs): boolean {
	return json === STANDARD_OUTPUT;
}

function toJson(report: Report): string {
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
