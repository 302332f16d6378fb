import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const run = promisify(execFile);

/** What they say of the machine is for people; here they only have to run. */
it.concurrent("the steps of a span can be measured", async () => {
	const { stdout } = await run(process.execPath, ["bench/micro.mjs", "1"]);
	expect(stdout).toMatch(/^ +\d+ ns {2}all of it$/m);
});

it.concurrent("volume can be measured, and nothing is lost", async () => {
	const { stdout } = await run(process.execPath, [
		"bench/volume.mjs",
		"100",
		"1",
	]);
	expect(stdout).toMatch(/^(\d+) spans: \1 delivered, 0 lost/m);
});
