import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, it, vi } from "vitest";

const run = promisify(execFile);

// Some of them take seconds, whatever else the machine has to do.
vi.setConfig({ testTimeout: 120_000 });

/** What they say of the machine is for people; here they only have to run. */
it.concurrent("the steps of a span can be measured", async () => {
	const { stdout } = await run(process.execPath, ["bench/micro.mjs", "1"]);
	expect(stdout).toMatch(/^ +\d+ ns {2}all of it$/m);
});

it.concurrent("volume can be measured, and nothing is lost", async () => {
	const { stdout } = await run(process.execPath, [
		"bench/volume.mjs",
		"--rate=100",
		"--seconds=1",
	]);
	expect(stdout).toMatch(/^(\d+) spans: \1 delivered, 0 lost/m);
});

it.concurrent("a flood of requests can be measured, and every span is accounted for", async () => {
	const { stdout } = await run(process.execPath, [
		"bench/flood.mjs",
		"--seconds=1",
	]);
	expect(stdout).toMatch(
		/^\| a collector that keeps up +\| \d+ +\| \d+ +\| 0 /m,
	);
	expect(stdout).toMatch(/^\| one that never answers +\| \d+ +\| 0 +\| \d+ /m);
});

it.concurrent("what is added to a program can be measured", async () => {
	const { stdout } = await run(process.execPath, [
		"bench/run.mjs",
		"--runs=1",
		"--work=start of",
		"--only=conntrace",
	]);
	expect(stdout).toMatch(
		/^\| start of the process \| [\d.]+ ms +\| conntrace /m,
	);
});

it.concurrent("what a request costs in a large program can be measured", async () => {
	const { stdout } = await run(process.execPath, [
		"bench/flat.mjs",
		"--runs=1",
		"--puts=20",
		"--largest=10",
	]);
	expect(stdout).toMatch(/^\| hosts .*\n\| +\| 10 /m);
});
