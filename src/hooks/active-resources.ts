import { fstatSync } from "node:fs";

/** As it is before a program puts another in its place. */
const { getActiveResourcesInfo } = process;

/**
 * Whether connects under way are all that keeps the process alive. Output that goes through a pipe or to a terminal is
 * listed although it keeps nothing alive. Names of resources: checked on Node 20, 22, 24, 26.
 */
export function nothingElseRuns(): boolean {
	let outputs = 0;
	for (const resource of getActiveResourcesInfo.call(process)) {
		if (resource.endsWith("ConnectWrap")) continue;
		if (resource !== "PipeWrap" && resource !== "TTYWrap") return false;
		outputs += 1;
	}
	return outputs <= [1, 2].filter(isStream).length;
}

function isStream(descriptor: number): boolean {
	try {
		return !fstatSync(descriptor).isFile();
	} catch {
		// The program has closed it.
		return false;
	}
}
