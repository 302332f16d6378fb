import { Failure } from "../failure";
import { printable } from "../printable";
import type { Run, Source } from "../report/model";
import { RunAnalysis } from "../report/run-analysis";
import { readFile, STANDARD_INPUT } from "../report/sources/file";
import { readJaeger } from "../report/sources/jaeger";
import type { Span } from "../report/span";
import {
	renderComparison,
	renderSources,
	renderStatistics,
} from "../report/terminal";
import { withoutUser } from "../user-information";
import { emphasisFor } from "./emphasis";
import {
	checkWritable,
	newReport,
	type Outputs,
	toStandardOutput,
	writeReport,
} from "./outputs";
import { showProgress } from "./progress";

export interface ReportOptions extends Outputs {
	/** Two sources, before and after, side by side. */
	readonly compare: boolean;
	/** Services of a Jaeger; all if empty. */
	readonly service: readonly string[];
	/** How far back to look in a Jaeger, in milliseconds. */
	readonly lookback: number;
	/** Traces per service to read from a Jaeger. */
	readonly limit: number;
}

/**
 * Reads spans back and says what their connections did.
 * @param sources addresses of Jaegers, and files of OTLP JSON
 * @throws Failure when a source cannot be read, has no spans of conntrace, or a file cannot be written
 */
export async function report(
	sources: readonly string[],
	options: ReportOptions,
): Promise<void> {
	if (options.compare && sources.length !== 2) {
		throw new Failure(
			`--compare needs two sources, before and after; got ${sources.length}`,
		);
	}
	const twice = sources.find(
		(source, index) => sources.indexOf(source) < index,
	);
	if (twice !== undefined)
		throw new Failure(`${withoutUser(twice)} is given twice`);
	await checkWritable(options);
	const runs: Run[] = [];
	for (const group of options.compare
		? sources.map((source) => [source])
		: [sources]) {
		runs.push(await readRun(group, options));
	}
	const [first, second] = runs;
	const jaeger = sources.find(isAddress)?.replace(/\/+$/, "");
	const result = newReport({
		title: sources.map(withoutUser).join(", "),
		kind: options.compare ? "comparison" : "run",
		runs,
		...(jaeger && { jaeger: withoutUser(jaeger) }),
	});
	await writeReport(result, options);
	if (toStandardOutput(options)) return;
	const emphasis = emphasisFor(process.stdout);
	for (const run of runs) {
		process.stdout.write(renderStatistics(run.name, run, emphasis));
	}
	if (first && second) process.stdout.write(renderComparison(first, second));
}

/** All sources as one run. */
async function readRun(
	sources: readonly string[],
	options: ReportOptions,
): Promise<Run> {
	const rows = options.html !== undefined || options.json !== undefined;
	const analysis = new RunAnalysis({ rows });
	const read: Source[] = [];
	for (const source of sources) {
		read.push(await readSource(source, options, (span) => analysis.add(span)));
	}
	process.stderr.write(renderSources(read));
	const run = analysis.build(read.map(({ name }) => name).join(", "), read);
	if (run.start !== undefined) return run;
	const spans = read.reduce((sum, source) => sum + source.spans, 0);
	throw new Failure(
		spans > 0
			? `${printable(run.name)}: none of the ${spans} spans is of conntrace`
			: `${printable(run.name)}: no spans could be read`,
	);
}

async function readSource(
	source: string,
	{ service: services, lookback, limit }: ReportOptions,
	onSpan: (span: Span) => void,
): Promise<Source> {
	const progress = showProgress(process.stderr, printable(withoutUser(source)));
	const onProgress = (share: number) => progress.update(share);
	try {
		return isAddress(source)
			? await readJaeger(source, {
					services,
					lookback,
					limit,
					onSpan,
					onProgress,
				})
			: await readFile(source, { onSpan, onProgress });
	} catch (error) {
		const { code, message } = error as NodeJS.ErrnoException;
		if (code === undefined) throw error;
		const name = source === STANDARD_INPUT ? "standard input" : source;
		throw new Failure(`Could not read ${name}: ${message}`);
	} finally {
		progress.end();
	}
}

function isAddress(source: string): boolean {
	return /^https?:\/\//i.test(source);
}
