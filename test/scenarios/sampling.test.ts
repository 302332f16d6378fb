import { describe, expect } from "vitest";
import { exportingTo, ledgerOf } from "../support/collector.js";
import { runScenario, test } from "../support/scenario.js";
import { requestsOf, type Span } from "../support/spans.js";

const RATIO = "conntrace.sampling.ratio";
const FILE_ONLY = { ...exportingTo(""), OTEL_TRACES_EXPORTER: "none" };

const paths = (spans: readonly Span[]): unknown[] =>
	requestsOf(spans).map(
		({ attributes }) => new URL(String(attributes["url.full"])).pathname,
	);

describe.concurrent("of requests on reused connections", () => {
	test("none is kept but those that tell something", async ({ http }) => {
		const run = await runScenario(
			http,
			async ({ client, get }) => {
				await get("/fresh");
				await get("/plain");
				await get("/status/404");
				await get("/delay/120");
				await get("/plain");
				const headers = { "amz-sdk-request": "attempt=2; max=4" };
				await get("/again", { headers });
				await get("/plain", {
					headers: { "amz-sdk-request": "attempt=1; max=4" },
				});
				const agent = new client.Agent({ keepAlive: true, maxSockets: 1 });
				await Promise.all([get("/held", { agent }), get("/waited", { agent })]);
				agent.destroy();
			},
			{
				environment: {
					...FILE_ONLY,
					CONNTRACE_REUSED_RATIO: "0",
					CONNTRACE_SLOW_MS: "100",
				},
			},
		);
		expect(paths(run.spans)).toEqual([
			"/fresh",
			"/status/404",
			"/delay/120",
			"/again",
			"/held",
			"/waited",
		]);
		for (const { attributes } of run.spans)
			expect(attributes).not.toHaveProperty([RATIO]);
		const { leftOut, started, delivered } = ledgerOf(run.stderr, "/");
		expect(leftOut).toBe(3);
		expect(started).toBe(delivered + leftOut);
		expect(delivered).toBe(run.spans.length);
	});

	test("some are kept, and say of how many", async ({ http }) => {
		const run = await runScenario(
			http,
			async ({ get }) => {
				for (let call = 1; call <= 201; call++) await get("/");
			},
			{ environment: { ...FILE_ONLY, CONNTRACE_REUSED_RATIO: "0.5" } },
		);
		const [fresh, ...reused] = requestsOf(run.spans);
		expect(fresh?.attributes).not.toHaveProperty([RATIO]);
		for (const { attributes } of reused) expect(attributes[RATIO]).toBe(0.5);
		// Six standard deviations: once in a thousand million runs chance alone would fail this.
		expect(Math.abs(reused.length - 100)).toBeLessThan(43);
		expect(ledgerOf(run.stderr, "/").leftOut).toBe(200 - reused.length);
	});

	test("OpenTelemetry's sampler decides before", async ({ http }) => {
		const run = await runScenario(
			http,
			async ({ get }) => {
				await get("/");
				await get("/");
			},
			{ environment: { ...FILE_ONLY, OTEL_TRACES_SAMPLER: "always_off" } },
		);
		expect(run.spans).toEqual([]);
		// Two requests and a setup.
		expect(ledgerOf(run.stderr, "/")).toEqual({
			started: 3,
			delivered: 0,
			leftOut: 3,
			lost: 0,
		});
	});
});
