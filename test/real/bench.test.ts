import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, inject, it } from "vitest";

const collector = inject("collector") ?? "";

/** What it says of the machine is for people; here it only has to run. */
it.skipIf(!collector)(
	"what sizing rests on can be measured",
	async () => {
		const { stdout } = await promisify(execFile)(process.execPath, [
			"bench/gateway.mjs",
			...["--spans", "2000", "--puts", "40", "--collector", collector],
		]);
		expect(stdout).toMatch(/^\| fresh +\| 5\.0 /m);
		expect(stdout).toMatch(/^\| sampler /m);
		expect(stdout).toMatch(/^\| 0\.01 +\| 59,\d+ /m);
	},
	180_000,
);
