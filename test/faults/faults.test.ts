import { beforeAll, expect, inject } from "vitest";
import { exportingTo, ledgerOf, startCollector } from "../support/collector.js";
import { bundleMetrics } from "../support/own-metrics.js";
import type { RunOptions } from "../support/run-program.js";
import { runScenario, test } from "../support/scenario.js";
import type { TestServer } from "../support/server.js";
import { beginning, everything } from "./everything.js";
import { buildWithProbes, probedFiles } from "./probes.js";
import { type Sweep, type SweepResult, sweep } from "./sweep.js";

/** What a fault could not be kept from the program by, for it is what keeps faults from it or calls on to Node. */
const TRUSTED = [
	// The guards themselves, and where faults go.
	"agent/faults: Faults.exhausted",
	"agent/faults: Faults.take",
	"agent/faults: Faults.guard",
	"hooks/environment: observe",
	"hooks/environment: observer.()",
	"agent/process-end: onProcessEnd.exit",
	"metrics/connection-metrics: ConnectionMetrics.observeOpen",
	"hooks/undici: hookUndici.on.subscribe",
	"hooks/ttl-probe: query.message",
	"hooks/ttl-probe: query.fail",
	// One look at a hidden field, in front of the guard: most sockets and requests that it is called with need none.
	"hooks/hidden-field: privateField.Field.get",
	"hooks/hidden-field: hiddenField.get",
	"hooks/sockets: stateOf",
	"hooks/http-requests: requestOf",
	"hooks/http-requests: isUntraced",
	"spans/clock: now",
	// On to Node, or back to the program, with a variable set meanwhile.
	"hooks/scope: currentScope",
	"hooks/scope: runInScope",
	"hooks/connecting: whileConnecting",
	"hooks/net: hookNet.connect.().whileConnecting",
	"hooks/http-agent: hookHttpAgent.addRequest.().runInScope",
	"hooks/http-agent: hookHttpAgent.createSocket.().runInScope",
	"hooks/http-agent: hookHttpAgent.createSocket.().runInScope#2",
	"hooks/http-agent: hookHttpAgent.createSocket.().runInScope.call",
	"hooks/dns: watchCalls.replaceMethod.().then",
	"hooks/dns: watchCalls.replaceMethod.().then#2",
];

/** Functions of these are made to throw in test/faults/lambda.test.ts. */
const OF_LAMBDA = /^(lambda|aws\/xray|spans\/invocation-span)/;

/** All functions, which takes minutes; else some, other ones for another seed. */
const ALL = process.env.CONNTRACE_TEST_FAULTS === "all";
const SEED = Number(process.env.CONNTRACE_TEST_SEED ?? 1);

let agent: string;
let metrics: string;

beforeAll(async () => {
	[agent, metrics] = await Promise.all([buildWithProbes(), bundleMetrics(".")]);
});

interface Program {
	readonly http: TestServer;
	readonly https: TestServer;
	readonly values?: Partial<Sweep>;
	readonly options?: RunOptions;
}

/** Runs the program with all that the agent may have to do: collector, file, summary, metrics, times to live. */
async function run({ http, https, values, options = {} }: Program) {
	const collector = await startCollector();
	const result = await runScenario(http, sweep, {
		timeLimit: 600_000,
		...options,
		preload: "none",
		nodeOptions: ["-r", metrics, ...(options.nodeOptions ?? [])],
		environment: {
			...exportingTo(collector.origin),
			OTEL_BSP_SCHEDULE_DELAY: "5",
			CONNTRACE_SUMMARY: "1",
			CONNTRACE_DNS_TTL: "1",
			...options.environment,
		},
		values: {
			secure: https.port,
			certificate: inject("authority"),
			freeze: false,
			everything: everything.toString(),
			trusted: TRUSTED,
			expected: "",
			...values,
		},
	});
	await collector.close();
	return { ...result, origin: collector.origin };
}

test("a fault in any function of the agent that is called stays inside", async ({
	http,
	https,
}) => {
	const program = { http, https };
	const [expected] = (await run(program)).reports as [string];
	const brief = { everything: beginning.toString() };
	const [expectedOfBrief] = (await run({ ...program, values: brief })).reports;

	// One process, for what is called again and again.
	const { exitCode, stderr, origin, reports } = await run({
		...program,
		values: { expected, ...(!ALL && { some: { count: 64, seed: SEED } }) },
		options: { nodeOptions: ["-r", agent] },
	});
	const {
		noticed,
		thrown,
		start,
		run: reached,
	} = reports.at(-1) as SweepResult;
	expect(noticed).toEqual([]);
	expect(exitCode).toBe(0);
	expect(stderr.split("a fault of its own")).toHaveLength(2);
	// It was told at the end of each pass.
	const last = stderr.slice(
		stderr.lastIndexOf("conntrace: ", stderr.lastIndexOf(" spans: ")),
	);
	const { started, delivered, lost } = ledgerOf(last, origin);
	expect(delivered + lost).toBe(started);

	// A process for each of the others: what is called when it begins, and once.
	const once = reached.filter(
		(name) => !thrown.includes(name) && !TRUSTED.includes(name),
	);
	const left = ALL ? once : every(Math.ceil(once.length / 12), once);
	const tested = new Set(thrown);
	await Promise.all(
		Array.from({ length: AT_ONCE }, async () => {
			for (let name = left.pop(); name !== undefined; name = left.pop()) {
				const early = start.includes(name);
				const faulty = await run({
					...program,
					...(early && { values: brief }),
					options: {
						nodeOptions: ["-r", agent],
						environment: { TEST_FAULTY: name },
					},
				});
				expect([name, faulty.reports[0]]).toEqual([
					name,
					early ? expectedOfBrief : expected,
				]);
				expect([name, faulty.exitCode]).toEqual([name, 0]);
				// Once is not always enough for it to be called, and what says something may be what fails.
				if ((faulty.reports[1] as string[]).length === 0) continue;
				if (!SAYS.test(name))
					expect([name, faulty.stderr]).toEqual([
						name,
						expect.stringContaining("a fault made by the test"),
					]);
				tested.add(name);
			}
		}),
	);

	if (!ALL) return;
	const files = new Set([...tested].map((name) => name.replace(/:.*/, "")));
	const without = [...probedFiles].filter(
		(file) => !files.has(file) && !OF_LAMBDA.test(file),
	);
	expect(without).toEqual([]);
}, 900_000);

const AT_ONCE = 3;
const SAYS = /^(agent\/log|printable|agent\/faults)/;

function every<T>(step: number, items: readonly T[]): T[] {
	return items.filter((_, index) => index % step === SEED % step);
}

test("a freeze is noticed with a fault in what it means", async ({
	http,
	https,
}) => {
	const program = { http, https, values: { freeze: true } };
	const [expected] = (await run(program)).reports;
	for (const name of [
		"hooks/freeze: FreezeWatch.beat",
		"connections/tracker: ConnectionTracker.processFrozen",
	]) {
		const faulty = await run({
			...program,
			options: {
				nodeOptions: ["-r", agent],
				environment: { TEST_FAULTY: name },
			},
		});
		expect(faulty.reports).toEqual([expected, [name]]);
		expect(faulty.exitCode).toBe(0);
		expect(faulty.stderr).toContain("a fault made by the test");
	}
}, 60_000);

test("a fault is said once, and many switch the agent off", async ({
	http,
}) => {
	const run = await runScenario(
		http,
		async ({ client, get, report }) => {
			const agent = new client.Agent({ keepAlive: true });
			for (let call = 1; call <= 30; call++) {
				report((await get("/", { agent })).number);
			}
			agent.destroy();
		},
		{
			preload: "none",
			nodeOptions: ["-r", agent],
			environment: { TEST_FAULTY: "spans/writer: SpanWriter.writeRequest" },
		},
	);
	expect(run.reports).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
	expect(run.exitCode).toBe(0);
	expect(run.spans).toEqual([]);
	expect(
		run.stderr.split("\n").filter((line) => line.startsWith("conntrace")),
	).toEqual([
		expect.stringContaining("a fault of its own"),
		"conntrace: switched off after 10 faults of its own",
	]);
});
