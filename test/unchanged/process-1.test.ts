import { execFile, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, inject } from "vitest";
import { NODE } from "../commands/conntrace.js";
import { programEnvironment, REGISTER } from "../support/run-program.js";
import { story, test } from "../support/scenario.js";
import { readSpans, requestsOf } from "../support/spans.js";

/** Asks, sends itself SIGTERM, and asks again if it is still there. */
const PROGRAM = `
	const get = () => new Promise((resolve) => require("node:http").get(process.argv[1], { agent: false },
		(response) => response.resume().on("end", resolve)));
	(async () => {
		await get();
		process.kill(process.pid, "SIGTERM");
		await new Promise((resolve) => setTimeout(resolve, 500));
		await get();
		console.log("process", process.pid, "lives on");
	})();`;

const UNSHARE = ["--pid", "--fork"] as const;

/** Not every machine lets its processes have numbers of their own. */
const canUnshare = spawnSync("unshare", [...UNSHARE, "true"]).status === 0;

test.skipIf(!canUnshare)(
	"process 1 of a container lives on at SIGTERM, as it does without the agent, and all its spans are exported",
	async ({ http }) => {
		const file = join(inject("temporaryDirectory"), `${randomUUID()}.jsonl`);
		for (const preload of [[], ["-r", REGISTER]]) {
			const { stdout, stderr } = await promisify(execFile)(
				"unshare",
				[...UNSHARE, NODE, ...preload, "-e", PROGRAM, http.origin],
				{ env: { ...programEnvironment(), CONNTRACE_FILE: file } },
			);
			expect([stdout, stderr]).toEqual(["process 1 lives on\n", ""]);
		}
		expect(
			story({ requests: requestsOf(readSpans(readFileSync(file, "utf8"))) }),
		).toEqual(["first_connection", "no_pool"]);
	},
);
