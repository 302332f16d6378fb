import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, inject, test } from "vitest";
import { ledgerOf } from "../support/collector.js";
import type { RunOptions } from "../support/run-program.js";
import { runScenario, type Scenario } from "../support/scenario.js";
import { startServer } from "../support/server.js";
import { readSpans } from "../support/spans.js";

/** Of the file, in bytes: for some spans, but not for as many as the program makes. */
const ROOM = 32 * 1024;

/** What fits, what does not, and what fits again; each time until it has been written. */
const scenario: Scenario = async ({ get, sleep, report }) => {
	for (const calls of [1, 100, 1]) {
		for (let call = 1; call <= calls; call++) report((await get("/")).status);
		await sleep(1500);
		report((await get("/written")).status);
	}
};

/**
 * Runs the program with a file for its spans and without the agent. What it sees must be the same, every line of the file
 * whole, and every span accounted for.
 * @param onWritten told by the program, each time
 * @returns why spans were not written, as the agent says it
 */
async function account(
	file: string,
	onWritten: (time: number) => void,
	options: RunOptions = {},
): Promise<string[]> {
	let time = 0;
	const server = await startServer({
		handler: (request, response) => {
			if (request.url === "/written") onWritten(++time);
			response.end();
		},
	});
	const run = (preload: "require" | "none") =>
		runScenario(server, scenario, {
			...options,
			preload,
			environment: { CONNTRACE_FILE: file, OTEL_LOG_LEVEL: "info" },
		});
	const traced = await run("require");
	const plain = await run("none");
	await server.close();
	expect(traced.exitCode).toBe(0);
	expect(traced.exitCode).toBe(plain.exitCode);
	expect(traced.reports).toEqual(plain.reports);
	const lines = readFileSync(file, "utf8").split("\n");
	expect(lines.pop()).toBe("");
	for (const line of lines) expect(() => JSON.parse(line)).not.toThrow();
	const { started, delivered, lost } = ledgerOf(traced.stderr, file);
	expect(readSpans(lines.join("\n"))).toHaveLength(delivered);
	expect(delivered + lost).toBe(started);
	expect(delivered).toBeGreaterThan(0);
	expect(lost).toBeGreaterThan(0);
	return traced.stderr
		.split("\n")
		.filter((line) => line.includes("were not delivered"))
		.map((line) => line.slice(line.indexOf(`${file}: `) + file.length + 2));
}

const HINT = "(CONNTRACE_FILE must name a file that can be written)";

describe.concurrent("a file of spans has whole lines only, and the program goes on", () => {
	const disk = join(inject("temporaryDirectory"), randomUUID());
	mkdirSync(disk);
	const mounted =
		spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", disk])
			.status === 0;
	afterAll(() => {
		if (mounted) spawnSync("umount", [disk]);
	});

	test.skipIf(!mounted)("on a disk that is full for a while", async () => {
		const filler = join(disk, "filler");
		writeFileSync(filler, Buffer.alloc(1024 * 1024 - ROOM));
		const why = await account(join(disk, "spans.jsonl"), (time) => {
			if (time === 2) rmSync(filler);
		});
		expect(why).toEqual([`ENOSPC ${HINT}`]);
	});

	test.skipIf(process.platform === "win32")(
		"where files may not become larger",
		async () => {
			const blocks = ROOM / 512;
			const file = join(inject("temporaryDirectory"), randomUUID());
			const why = await account(file, () => {}, {
				launcher: ["sh", "-c", `ulimit -f ${blocks}; exec "$@"`, "sh"],
			});
			expect(why).toEqual([`EFBIG ${HINT}`]);
		},
	);
});
