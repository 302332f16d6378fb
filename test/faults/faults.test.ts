import { beforeAll, expect, inject } from "vitest";
import {
	type Behaviour,
	exportingTo,
	ledgerOf,
	startCollector,
} from "../support/collector.js";
import { startHttp2Server } from "../support/http2-server.js";
import { bundleMetrics } from "../support/own-metrics.js";
import { startProxy } from "../support/proxy.js";
import type { RunOptions } from "../support/run-program.js";
import {
	test as base,
	runScenario,
	type Scenario,
} from "../support/scenario.js";
import { refusingPort, type TestServer } from "../support/server.js";
import { requestsOf } from "../support/spans.js";
import { beginning, type Everything, everything } from "./everything.js";
import {
	buildWithProbes,
	FAULT,
	OF_LAMBDA,
	probedFunctions,
} from "./probes.js";
import { type Outcome, type Sweep, type SweepResult, sweep } from "./sweep.js";

/** What a fault could not be kept from the program by, for it is what keeps faults from it or calls on to Node. */
const TRUSTED = [
	// The guards themselves.
	"agent/faults: Faults.exhausted",
	"agent/faults: Faults.guard",
	"hooks/environment: observe",
	"hooks/environment: observer.()",
	// One look at a hidden field, in front of the guard: most sockets and requests that it is called with need none.
	"hooks/hidden-field: privateField.Field.get",
	"hooks/hidden-field: hiddenField.get",
	"hooks/sockets: stateOf",
	"hooks/http-requests: requestOf",
	"hooks/http-requests: isUntraced",
	// On to Node, or back to the program, with a variable set meanwhile.
	"hooks/scope: runInScope",
	"hooks/connecting: whileConnecting",
	"hooks/net: hookNet.connect.().whileConnecting",
	"hooks/http-agent: hookHttpAgent.createSocket.().runInScope#2",
	"hooks/http-agent: hookHttpAgent.createSocket.().runInScope.call",
	"hooks/dns: watchCalls.replaceMethod.().call",
	"hooks/dns: watchCalls.replaceMethod.().call#2",
];

/** All functions, which takes minutes; else some, other ones for another seed. */
const ALL = process.env.CONNTRACE_TEST_FAULTS === "all";
const SEED = Number(process.env.CONNTRACE_TEST_SEED ?? 1);

let agent: string;
let metrics: string;

beforeAll(async () => {
	[agent, metrics] = await Promise.all([buildWithProbes(), bundleMetrics(".")]);
});

/** The servers that the programs need, the first of them the one they are given as theirs. */
interface World {
	readonly http: TestServer;
	readonly servers: Pick<
		Everything,
		"secure" | "secure2" | "proxy" | "refused"
	>;
}

const test = base.extend<{ readonly world: World }>({
	world: async ({ http, https }, use) => {
		const [server2, proxy] = await Promise.all([
			startHttp2Server({ certificate: inject("certificate") }),
			startProxy(),
		]);
		await use({
			http,
			servers: {
				secure: https.port,
				secure2: server2.port,
				proxy: proxy.port,
				refused: await refusingPort(),
			},
		});
		await Promise.all([server2.close(), proxy.close()]);
	},
});

/** What the collector does, over and over again. */
const BEHAVIOURS: readonly Behaviour[] = Array.from(
	{ length: 1000 },
	(): Behaviour[] => [
		"takes",
		{ limit: 4000 },
		"takes late",
		{ status: 503, headers: { "retry-after": "0" } },
		"resets",
	],
).flat();

interface Program {
	readonly values?: Partial<Sweep>;
	readonly options?: RunOptions;
}

/** Runs the program with all that the agent may have to do: collector, file, summary, metrics, times to live. */
async function run({ http, servers }: World, program: Program = {}) {
	const { values, options = {} } = program;
	const collector = await startCollector(BEHAVIOURS);
	const result = await runScenario(http, sweep, {
		timeLimit: ALL ? 3_000_000 : 800_000,
		...options,
		preload: "none",
		nodeOptions: ["-r", metrics, ...(options.nodeOptions ?? [])],
		environment: {
			...exportingTo(collector.origin),
			OTEL_BSP_SCHEDULE_DELAY: "5",
			OTEL_EXPORTER_OTLP_COMPRESSION: "gzip",
			OTEL_EXPORTER_OTLP_HEADERS: "name=value",
			CONNTRACE_DNS_TTL: "1",
			CONNTRACE_HOSTS: "*",
			CONNTRACE_SLOW_MS: "60000",
			CONNTRACE_SUMMARY: "1",
			...options.environment,
		},
		values: {
			...servers,
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

test("what is trusted is there", () => {
	expect(TRUSTED.filter((name) => !probedFunctions.has(name))).toEqual([]);
});

test(
	"a fault in any function of the agent that is called stays inside, is counted and said",
	async ({ world }) => {
		const toldBy = async (values: Partial<Sweep> = {}): Promise<string> => {
			const { reports } = await run(world, { values });
			return (reports[0] as Outcome).told;
		};
		const brief = { everything: beginning.toString() };
		const [expected, expectedOfBrief] = await Promise.all([
			toldBy(),
			toldBy(brief),
		]);

		// One process, for what is called again and again.
		const { exitCode, stderr, origin, reports } = await run(world, {
			values: { expected, ...(!ALL && { some: { count: 64, seed: SEED } }) },
			options: { nodeOptions: ["-r", agent] },
		});
		const result = reports.at(-1) as SweepResult;
		const noticed: unknown[] = result.noticed.filter(
			({ name, told, escaped }) =>
				!(
					GIVES_ACCOUNT.test(name) &&
					told === expected &&
					escaped.length === 0
				),
		);
		expect(exitCode).toBe(0);
		expect(stderr.split("a fault of its own")).toHaveLength(2);
		// It was told at the end of each pass.
		const last = stderr.slice(
			stderr.lastIndexOf("conntrace: ", stderr.lastIndexOf(" spans: ")),
		);
		const { started, delivered, lost } = ledgerOf(last, origin);
		expect(delivered + lost).toBe(started);

		// A process for each of the others: what is called when it begins, and once.
		const tested = new Set(result.thrown);
		async function test(name: string): Promise<unknown> {
			const early = result.start.includes(name);
			const { reports, exitCode, stderr } = await run(world, {
				...(early && { values: brief }),
				options: {
					nodeOptions: ["-r", agent],
					environment: { TEST_FAULTY: name },
				},
			});
			const [outcome] = reports as [Outcome | undefined];
			// Once is not always enough for it to be called.
			if (outcome?.thrown.length === 0) return undefined;
			tested.add(name);
			const stayed =
				exitCode === 0 &&
				outcome?.told === (early ? expectedOfBrief : expected) &&
				outcome.escaped.length === 0;
			// What says something may be what fails.
			const said = SAYS.test(name) || stderr.includes(FAULT);
			if (stayed && said) return undefined;
			return { name, exitCode, outcome, stderr: stderr.slice(0, 1000) };
		}
		const once = result.run.filter(
			(name) => !tested.has(name) && !TRUSTED.includes(name),
		);
		const left = ALL ? once : every(Math.ceil(once.length / 12), once);
		const needless: string[] = [];
		const trusted = ALL ? [...TRUSTED] : [];
		await Promise.all(
			Array.from({ length: AT_ONCE }, async () => {
				for (let name = left.pop(); name !== undefined; name = left.pop()) {
					const complaint = await test(name);
					if (complaint) noticed.push(complaint);
				}
				for (
					let name = trusted.pop();
					name !== undefined;
					name = trusted.pop()
				) {
					if (!(await test(name))) needless.push(name);
				}
			}),
		);
		expect(noticed).toEqual([]);

		if (!ALL) return;
		expect(needless).toEqual([]);
		const fileOf = (name: string): string => name.replace(/:.*/, "");
		const files = new Set([...tested].map(fileOf));
		const without = [...probedFunctions]
			.map(fileOf)
			.filter((file) => !files.has(file) && !OF_LAMBDA.test(file))
			.filter((file) => !NOT_MET.includes(file));
		expect(new Set(without)).toEqual(new Set());
	},
	ALL ? 3_600_000 : 900_000,
);

/** Files whose functions are called at a signal, and where a collector takes no connection. */
const NOT_MET = ["hooks/standard-streams", "hooks/active-resources"];

const AT_ONCE = 3;
/** Where these fail there may be no account of the spans, or no line. */
const GIVES_ACCOUNT =
	/^(export\/(ledger|pipeline: ExportPipeline\.finish)|agent\/(log|start: startAgent\.onEnd)|printable)/;
const SAYS = /^(agent\/log|printable|agent\/faults)/;

function every<T>(step: number, items: readonly T[]): T[] {
	return items.filter((_, index) => index % step === SEED % step);
}

test("a freeze is noticed with a fault in what it means", async ({ world }) => {
	const program = { values: { freeze: true } };
	const [expected] = (await run(world, program)).reports as [Outcome];
	for (const name of [
		"hooks/freeze: FreezeWatch.beat",
		"connections/tracker: ConnectionTracker.processFrozen",
	]) {
		const faulty = await run(world, {
			...program,
			options: {
				nodeOptions: ["-r", agent],
				environment: { TEST_FAULTY: name },
			},
		});
		expect(faulty.reports).toEqual([
			{
				...expected,
				thrown: [name],
				faults: expect.any(Number),
				counted: expect.any(Number),
				accounts: 2,
			},
		]);
		expect(faulty.exitCode).toBe(0);
		expect(faulty.stderr).toContain(FAULT);
	}
}, 180_000);

const PER_REQUEST = [
	"hooks/http-client: assign",
	"connections/tracker: ConnectionTracker.requestCreated",
	"spans/writer: SpanWriter.writeRequest",
	"export/pipeline: ExportPipeline.write",
];

test.for(PER_REQUEST)(
	"a fault is said once, and many switch the agent off: %s",
	async (name, { http }) => {
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
				environment: { TEST_FAULTY: name },
			},
		);
		expect(run.reports).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
		expect(run.exitCode).toBe(0);
		expect(requestsOf(run.spans).length).toBeLessThanOrEqual(10);
		expect(
			run.stderr.split("\n").filter((line) => line.startsWith("conntrace")),
		).toEqual([
			expect.stringContaining("a fault of its own"),
			"conntrace: switched off after 10 faults of its own",
		]);
	},
);

test("a signal ends the process whatever goes wrong, and what is written is delivered", async ({
	http,
}) => {
	const scenario: Scenario = async ({ get, report }) => {
		await get("/");
		setInterval(() => {}, 1000);
		report("ready");
	};
	for (const [name, spans] of [
		["hooks/process: isUnheard", 4],
		["hooks/standard-streams: restoreStandardStreams", 4],
		["spans/writer: SpanWriter.writeUnfinished", 4],
		["export/collector-output: CollectorOutput.finish", 4],
		["export/pipeline: ExportPipeline.finish", 0],
	] as const) {
		const run = await runScenario(http, scenario, {
			preload: "none",
			nodeOptions: ["-r", agent],
			environment: {
				TEST_FAULTY: name,
				OTEL_TRACES_EXPORTER: "otlp",
				OTEL_EXPORTER_OTLP_ENDPOINT: `http://localhost:${http.port}`,
			},
			signalAfterFirstLine: "SIGTERM",
		});
		expect([name, run.signal, run.spans.length]).toEqual([
			name,
			"SIGTERM",
			spans,
		]);
		if (name !== "hooks/process: isUnheard")
			expect(run.stderr).toContain(FAULT);
	}
});

test("a fault between the writing of spans and the room for others writes none twice", async ({
	http,
}) => {
	const { exitCode, stderr, spans } = await runScenario(
		http,
		async ({ get, sleep }) => {
			await get("/");
			await sleep(1500);
			await get("/");
		},
		{
			preload: "none",
			nodeOptions: ["-r", agent],
			environment: {
				TEST_FAULTY: "export/bytes: Bytes.clear",
				OTEL_LOG_LEVEL: "info",
			},
		},
	);
	expect(exitCode).toBe(0);
	expect(stderr).toContain(FAULT);
	const { started, delivered, lost } = ledgerOf(stderr, "/");
	expect([delivered, lost]).toEqual([started, 0]);
	expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(started);
	expect(spans).toHaveLength(started);
});
