import { execFile, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, inject } from "vitest";
import { NODE } from "../commands/conntrace.js";
import { programEnvironment, REGISTER } from "../support/run-program.js";
import { runScenario, test } from "../support/scenario.js";

describe.concurrent("a program that has connected to nothing yet is ended by a signal", () => {
	for (const signal of ["SIGTERM", "SIGINT"] as const)
		for (const blocked of ["by a loop", "by Atomics.wait", "by a child"])
			test(`${signal}, while its thread is blocked ${blocked}`, async ({
				http,
			}) => {
				const run = await runScenario(
					http,
					({ report, values }) => {
						const { spawnSync } =
							require("node:child_process") as typeof import("node:child_process");
						report("ready");
						const end = Date.now() + 2000;
						if (values === "by a loop") while (Date.now() < end);
						else if (values === "by a child")
							spawnSync(process.execPath, ["-e", "setTimeout(() => {}, 2000)"]);
						else
							Atomics.wait(
								new Int32Array(new SharedArrayBuffer(4)),
								0,
								0,
								2000,
							);
						report("lives on");
					},
					{ values: blocked, signalAfterFirstLine: signal },
				);
				expect([run.signal, run.reports]).toEqual([signal, ["ready"]]);
			});
});

describe.concurrent("a program that sends itself a signal as the last thing it does is ended by it", () => {
	for (const [what, expected] of [
		["SIGTERM", "SIGTERM"],
		["SIGINT", "SIGINT"],
		[2, "SIGINT"],
		["", "SIGTERM"],
	] as const)
		for (const preload of ["none", "require"] as const)
			test(`${what || "no name"}, ${preload}`, async ({ http }) => {
				const run = await runScenario(
					http,
					({ request, report, values }) => {
						request("/", { agent: false })
							.on("response", (response) => response.resume())
							.on("close", () => {
								report([process.kill(process.pid, 0), process.kill.length]);
								process.kill(process.pid, values);
								report("lives on");
							})
							.end();
					},
					{ values: what, preload },
				);
				expect([run.signal, run.reports]).toEqual([expected, [[true, 2]]]);
				expect(run.spans).toHaveLength(preload === "none" ? 0 : 4);
			});
});

/** Asks, with the terminal in raw mode, and sends itself a signal. */
const RAW = `
	process.stdin.setRawMode(true).resume();
	require("node:http").get(process.argv[1], { agent: false }, (response) =>
		response.resume().on("close", () => process.kill(process.pid, process.argv[2])));`;

/** Not every machine has a command that makes a terminal. */
const hasScript =
	spawnSync("script", ["-qec", "true", "/dev/null"]).status === 0;

describe
	.skipIf(!hasScript)
	.concurrent(
		"a terminal that the program has put into raw mode is out of it again after",
		() => {
			for (const signal of ["SIGTERM", "SIGINT"] as const)
				for (const preload of ["", `-r ${REGISTER}`])
					test(`${signal}, ${preload ? "with" : "without"} the agent`, async ({
						http,
					}) => {
						const { stdout } = await promisify(execFile)(
							"script",
							[
								"-qec",
								`"$NODE" ${preload} -e "$RAW" ${http.origin} ${signal}; echo ended by $?; stty -a`,
								"/dev/null",
							],
							{
								env: {
									...programEnvironment(),
									...{ NODE, RAW, SHELL: "/bin/sh" },
									CONNTRACE_FILE: join(
										inject("temporaryDirectory"),
										`${randomUUID()}.jsonl`,
									),
								},
							},
						);
						expect(stdout).toContain(
							`ended by ${signal === "SIGTERM" ? 128 + 15 : 128 + 2}`,
						);
						expect(stdout).toMatch(/ icanon/);
					});
		},
	);

/** Asks, with its standard streams in use, and sends itself a signal. */
const STREAMS = `
	process.stdin.resume();
	process.stdout;
	require("node:http").get(process.argv[1], { agent: false }, (response) =>
		response.resume().on("close", () => process.kill(process.pid, "SIGTERM")));`;

/** Says of each standard stream whether it is non-blocking. */
const FLAGS = `
	const { readFileSync, writeSync } = require("node:fs");
	const isNonBlocking = (descriptor) =>
		(parseInt(/flags:\\s+(\\d+)/.exec(readFileSync("/proc/self/fdinfo/" + descriptor, "latin1"))[1], 8) & 0o4000) !== 0;
	writeSync(1, JSON.stringify([0, 1, 2].map(isNonBlocking)));`;

describe
	.skipIf(process.platform !== "linux")
	.concurrent(
		"pipes that others share are blocking again after SIGTERM",
		() => {
			for (const preload of ["", `-r ${REGISTER}`])
				test(
					preload ? "with the agent" : "without the agent",
					async ({ http }) => {
						const { stdout } = await promisify(execFile)(
							"sh",
							[
								"-c",
								`sleep 1 | { "$NODE" ${preload} -e "$STREAMS" ${http.origin}; "$NODE" -e "$FLAGS"; }`,
							],
							{
								env: {
									...programEnvironment(),
									...{ NODE, STREAMS, FLAGS },
									CONNTRACE_FILE: join(
										inject("temporaryDirectory"),
										`${randomUUID()}.jsonl`,
									),
								},
							},
						);
						expect(JSON.parse(stdout)).toEqual([false, false, false]);
					},
				);
		},
	);
