import { fork } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { expect, inject, test } from "vitest";
import { buildCountedAgent } from "../../bench/soak/counted-agent.mjs";
import { programEnvironment } from "../support/run-program.js";

/** So many that more hosts are named than are remembered. */
const CALLS = 6000;

/** What is remembered of hosts and names, at most. */
const REMEMBERED = 1000;

/** Objects that the engine holds on to for a moment. */
const FEW = 5;

const MAX_GROWTH_BYTES = 3 * 2 ** 20;

interface Told {
	readonly calls: number;
	readonly heapUsed: number;
	readonly live: Readonly<Record<string, number>>;
}

test("nothing is held of calls that are over, whatever became of them, and a client or a host for each of them does not grow the agent", async () => {
	const agent = join(inject("temporaryDirectory"), `${randomUUID()}.cjs`);
	await buildCountedAgent(agent);
	const servers = fork("bench/soak/servers.mjs");
	const [{ certificate, ports }] = await once(servers, "message");
	const program = fork(
		"bench/soak/program.cjs",
		[
			JSON.stringify({
				...{ ports, certificate, usual: 0 },
				...{ calls: CALLS, every: CALLS / 2 },
			}),
		],
		{
			execPath: process.env.CONNTRACE_TEST_NODE ?? process.execPath,
			execArgv: [
				"--expose-gc",
				"--disable-warning=ExperimentalWarning",
				...["-r", agent],
			],
			env: {
				...programEnvironment(),
				CONNTRACE_FILE: join(
					inject("temporaryDirectory"),
					`${randomUUID()}.jsonl`,
				),
			},
		},
	);
	const told: Told[] = [];
	program.on("message", (message) => told.push(message as Told));
	const [exitCode] = await once(program, "exit");
	servers.disconnect();

	expect(exitCode).toBe(0);
	const [, half, all] = told;
	expect(all?.calls).toBe(CALLS);
	const live = all?.live ?? {};
	expect(live.HostRecord).toBe(REMEMBERED);
	expect(live.UndiciPool).toBeLessThanOrEqual(REMEMBERED);
	for (const name of ["Connection", "Request", "FinishedSpan", "EncodedSpans"])
		expect(live[name], name).toBeLessThanOrEqual(FEW);
	const collections = Object.fromEntries(
		Object.entries(live).filter(([name]) => name.includes(".")),
	);
	expect(collections).toEqual({
		"tracker.openRequests.items": 0,
		"tracker.setups.open": 0,
		"tracker.lookups.queue.waiting": 0,
		"tracker.lookups.names": REMEMBERED,
		"tracker.journal.hosts": REMEMBERED,
		"tracker.closing.sets": 0,
		"tracker.openByAgent.sets": 0,
		"writer.rawSetups": 0,
		"writer.reconnects.failing": 0,
	});
	expect((all?.heapUsed ?? 0) - (half?.heapUsed ?? 0)).toBeLessThan(
		MAX_GROWTH_BYTES,
	);
}, 180_000);
