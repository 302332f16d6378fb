import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect } from "vitest";
import { makeCertificates } from "../support/certificates.js";
import {
	type Behaviour,
	type Collector,
	exportingTo,
	ledgerOf,
	startCollector,
} from "../support/collector.js";
import { runScenario, type Scenario, test } from "../support/scenario.js";
import {
	refusingPort,
	startServer,
	type TestServer,
} from "../support/server.js";

const CALLS = 3;
/** A setup with its two phases, and the requests. */
const SPANS = 3 + CALLS;

/** Sends soon, so that a fault is met while the program still works. */
const SOON = { OTEL_BSP_SCHEDULE_DELAY: "5" };

/** What is sent at the end goes another way than what is sent before. */
const TIMES = [
	["at the end", {}],
	["while the program runs", SOON],
] as const;

const calls: Scenario<unknown> = async ({ get, sleep }) => {
	for (let call = 1; call <= 3; call++) {
		await get("/");
		await sleep(30);
	}
};

/** Runs the calls and holds the account of the spans against what the collector and the file have. */
async function account(
	http: TestServer,
	collector: Pick<Collector, "origin" | "taken">,
	environment: Record<string, string> = {},
	scenario = calls,
) {
	const run = await runScenario(http, scenario, {
		environment: { ...exportingTo(collector.origin), ...environment },
	});
	const ledger = ledgerOf(run.stderr, `${collector.origin}/v1/traces`);
	expect(run.exitCode).toBe(0);
	expect(ledger.started).toBe(run.spans.length);
	// What was under way when the process ended was sent again.
	const taken = new Set(collector.taken.map(({ spanId }) => spanId));
	expect(ledger.delivered).toBe(taken.size);
	expect(ledger.delivered + ledger.leftOut + ledger.lost).toBe(ledger.started);
	const complaints = run.stderr
		.split("\n")
		.filter((line) => line.includes("were not delivered"));
	expect(complaints).toHaveLength(ledger.lost > 0 ? 1 : 0);
	return { ...ledger, complaint: complaints[0] ?? "", stderr: run.stderr };
}

describe.concurrent("a collector that", () => {
	const faults: Readonly<
		Record<
			string,
			{
				behaviours: readonly Behaviour[];
				lost: number;
				why?: string;
				requests?: number;
				environment?: Record<string, string>;
			}
		>
	> = {
		"takes its time": { behaviours: ["takes late"], lost: 0 },
		"never answers": {
			behaviours: ["hangs"],
			lost: SPANS,
			why: "no answer within 300 ms",
			environment: { CONNTRACE_FLUSH_TIMEOUT: "300" },
		},
		"resets every connection": {
			behaviours: ["resets"],
			lost: SPANS,
			why: "ECONNRESET",
		},
		"finds the request bad": {
			behaviours: [{ status: 400 }],
			lost: SPANS,
			why: "HTTP status 400",
		},
		"finds the request too large": {
			behaviours: [{ status: 413 }],
			lost: SPANS,
			why: "HTTP status 413",
			// All at once, then halves down to one.
			requests: 2 * SPANS - 1,
		},
		"finds larger requests too large": {
			behaviours: [{ limit: 2500 }],
			lost: 0,
		},
		"fails for good": {
			behaviours: [{ status: 500 }],
			lost: SPANS,
			why: "HTTP status 500",
		},
		"fails for now": {
			behaviours: [{ status: 503 }],
			lost: SPANS,
			why: "HTTP status 503",
			requests: 1,
		},
		"wants to be left alone for a while": {
			behaviours: [{ status: 429, headers: { "retry-after": "60" } }, "takes"],
			lost: SPANS,
			why: "HTTP status 429",
			requests: 1,
		},
		"rejects some of the spans": {
			behaviours: [{ rejects: 2 }],
			lost: 2,
			why: "rejected: not these",
			requests: 1,
		},
	};
	for (const [
		name,
		{ behaviours, lost, why, requests, environment },
	] of Object.entries(faults)) {
		for (const [when, soon] of TIMES) {
			test(`${name}, ${when}`, async ({ http }) => {
				const collector = await startCollector(behaviours);
				const result = await account(http, collector, {
					...soon,
					...environment,
				});
				await collector.close();
				expect(result.started).toBe(SPANS);
				// Of several requests some may come to nothing.
				if (soon === SOON) expect(result.lost > 0).toBe(lost > 0);
				else expect(result.lost).toBe(lost);
				if (why !== undefined)
					expect(result.complaint).toBe(
						`conntrace: ${result.lost} of ${SPANS} spans were not delivered to ${collector.origin}/v1/traces: ${why}`,
					);
				if (requests !== undefined && soon !== SOON)
					expect(collector.requests).toHaveLength(requests);
			});
		}
	}

	test("finds larger requests too large while the program runs gets smaller ones", async () => {
		const COUNT = 40;
		const collector = await startCollector([{ limit: 2500 }]);
		const server = await startServer({
			handler: async (request, response) => {
				if (request.url === "/end") {
					await until(() => collector.taken.length >= COUNT);
				}
				response.end();
			},
		});
		const { lost } = await account(
			server,
			collector,
			{ OTEL_BSP_MAX_EXPORT_BATCH_SIZE: String(COUNT) },
			async ({ get }) => {
				for (let call = 1; call <= 40; call++) await get("/");
				await get("/end");
			},
		);
		await server.close();
		await collector.close();
		expect(lost).toBe(0);
		expect(collector.requests[0]?.spans).toHaveLength(COUNT);
	});

	for (const [when, environment] of TIMES) {
		test(`finds one span too large ${when} gets all others`, async ({
			http,
		}) => {
			const collector = await startCollector([{ limit: 2500 }]);
			const { lost, complaint } = await account(
				http,
				collector,
				environment,
				async ({ get, sleep }) => {
					await get("/");
					await get(`/${"long".repeat(750)}`);
					await get("/");
					await sleep(100);
				},
			);
			await collector.close();
			expect(lost).toBe(1);
			expect(complaint).toMatch(/^conntrace: 1 of 6 .*: HTTP status 413$/);
			const paths = collector.taken.map(({ attributes }) =>
				String(attributes["url.full"]),
			);
			expect(paths.filter((path) => path.includes("long"))).toEqual([]);
		});
	}

	for (const [when, environment] of TIMES) {
		test(`is down, ${when}`, async ({ http }) => {
			const origin = `http://localhost:${await refusingPort()}`;
			const { lost, complaint } = await account(
				http,
				{ origin, taken: [] },
				environment,
			);
			expect(lost).toBe(SPANS);
			expect(complaint).toMatch(/: ECONNREFUSED$/);
		});
	}

	test("is started later than the program", async () => {
		const later = await refusingPort();
		let collector: Collector | undefined;
		const server = await startServer({
			handler: async (request, response) => {
				if (request.url === "/end") {
					await sleep(200);
					collector = await startCollector(["takes"], { port: later });
					await until(() => (collector?.taken.length ?? 0) > 0);
				}
				response.end();
			},
		});
		const origin = `http://localhost:${later}`;
		const { lost } = await account(
			server,
			{
				origin,
				get taken() {
					return collector?.taken ?? [];
				},
			},
			SOON,
			async ({ get }) => {
				await get("/");
				await get("/end");
			},
		);
		await server.close();
		await collector?.close();
		expect(lost).toBe(0);
	});

	test("dies in the middle", async () => {
		const collector = await startCollector();
		const server = await startServer({
			handler: async (request, response) => {
				if (request.url === "/end") {
					await until(() => collector.taken.length > 0);
					await collector.close();
				}
				response.end();
			},
		});
		const { delivered, lost } = await account(
			server,
			collector,
			SOON,
			async ({ get }) => {
				await get("/");
				await get("/end");
				await get("/");
			},
		);
		await server.close();
		expect(delivered).toBeGreaterThan(0);
		expect(lost).toBeGreaterThan(0);
	});

	test("comes back", async () => {
		const collector = await startCollector([{ status: 503 }, "takes"]);
		const server = await startServer({
			handler: async (request, response) => {
				if (request.url === "/back") {
					await until(() => collector.taken.length > 0);
				}
				response.end();
			},
		});
		const { lost } = await account(server, collector, SOON, async ({ get }) => {
			await get("/");
			await get("/back");
		});
		await server.close();
		await collector.close();
		expect(lost).toBe(0);
	});

	for (const [when, environment] of TIMES) {
		test(`proves to be somebody else, ${when}`, async ({ http }) => {
			const { server } = await makeCertificates();
			const collector = await startCollector(["takes"], {
				certificate: server,
			});
			const { lost, complaint } = await account(http, collector, environment);
			await collector.close();
			expect(lost).toBe(SPANS);
			expect(collector.requests).toHaveLength(0);
			expect(complaint).toMatch(
				/: (UNABLE_TO_VERIFY_LEAF_SIGNATURE|CERT_SIGNATURE_FAILURE)$/,
			);
		});
	}
});

describe.concurrent("a file that", () => {
	const files: Readonly<Record<string, [file: string, why: string]>> = {
		"is on a full disk": ["/dev/full", "ENOSPC"],
		"cannot be made": ["/dev/null/spans.jsonl", "ENOTDIR"],
	};
	for (const [name, [file, why]] of Object.entries(files)) {
		test(`${name} leaves the collector its spans`, async ({ http }) => {
			const collector = await startCollector();
			const run = await runScenario(http, calls, {
				environment: {
					...exportingTo(collector.origin),
					CONNTRACE_FILE: file,
				},
			});
			await collector.close();
			expect(run.exitCode).toBe(0);
			expect(collector.taken).toHaveLength(SPANS);
			expect(ledgerOf(run.stderr, file)).toEqual({
				started: SPANS,
				delivered: 0,
				leftOut: 0,
				lost: SPANS,
			});
			expect(run.stderr).toContain(
				`conntrace: ${SPANS} of ${SPANS} spans were not delivered to ${file}: ${why} (CONNTRACE_FILE must name a file that can be written)\n`,
			);
		});
	}
});

async function until(condition: () => boolean): Promise<void> {
	while (!condition()) await sleep(20);
}

/** A port of which the queue for new connections is full: whoever connects gets no answer. */
async function startSilentPort(): Promise<{
	readonly origin: string;
	stop(): void;
}> {
	const program =
		"const server = require('net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => process.send(server.address().port))";
	const child = spawn(process.execPath, ["-e", program], {
		stdio: ["ignore", "ignore", "inherit", "ipc"],
	});
	const [port] = (await once(child, "message")) as [number];
	child.kill("SIGSTOP");
	const fillers = Array.from({ length: 8 }, () =>
		connect({ port, host: "127.0.0.1" }).on("error", () => {}),
	);
	await sleep(100);
	expect(fillers.some(({ connecting }) => connecting)).toBe(true);
	return {
		origin: `http://127.0.0.1:${port}`,
		stop() {
			for (const filler of fillers) filler.destroy();
			child.kill("SIGKILL");
		},
	};
}

test.skipIf(process.platform !== "linux")(
	"a collector that does not even let itself be connected to keeps no program alive",
	async ({ http }) => {
		const silent = await startSilentPort();
		try {
			const { delivered, lost } = await account(
				http,
				{ ...silent, taken: [] },
				// Longer than the program may take.
				{ ...SOON, OTEL_EXPORTER_OTLP_TIMEOUT: "600000" },
			);
			expect([delivered, lost]).toEqual([0, SPANS]);
		} finally {
			silent.stop();
		}
	},
);
