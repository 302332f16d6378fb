import { describe, expect } from "vitest";
import { exportingTo, ledgerOf, startCollector } from "../support/collector.js";
import {
	runScenario,
	type Scenario,
	type ScenarioOptions,
	test,
} from "../support/scenario.js";

/** A setup with its two phases, and two requests. */
const SPANS = 5;

const AFTER_FIRST_LINE = {
	SIGTERM: { signalAfterFirstLine: "SIGTERM" },
	SIGINT: { signalAfterFirstLine: "SIGINT" },
} as const;

const ENDS: Readonly<Record<string, [Scenario, ScenarioOptions<undefined>?]>> =
	{
		"of itself": [
			async ({ get }) => {
				await get("/");
				await get("/");
			},
		],
		"with an exit code of its own": [
			async ({ get }) => {
				await get("/");
				await get("/");
				process.exitCode = 4;
			},
		],
		"by process.exit()": [
			async ({ get }) => {
				await get("/");
				await get("/");
				process.exit(3);
			},
		],
		"by process.exit() with work left": [
			async ({ get }) => {
				await get("/");
				await get("/");
				setInterval(() => {}, 1000);
				process.exit();
			},
		],
		"by an error that nobody catches": [
			async ({ get }) => {
				await get("/");
				await get("/");
				setImmediate(() => {
					throw new Error("of the program");
				});
			},
		],
		"by a rejection that nobody handles": [
			async ({ get }) => {
				await get("/");
				await get("/");
				throw new Error("of the program");
			},
		],
		...Object.fromEntries(
			(["SIGTERM", "SIGINT"] as const).flatMap(
				(signal): [string, [Scenario, ScenarioOptions<undefined>]][] => [
					[
						`by ${signal}`,
						[
							async ({ get, report }) => {
								await get("/");
								await get("/");
								setInterval(() => {}, 1000);
								report("ready");
							},
							AFTER_FIRST_LINE[signal],
						],
					],
					[
						`by its own listener for ${signal}`,
						[
							async ({ get, report }) => {
								await get("/");
								await get("/");
								for (const name of ["SIGTERM", "SIGINT"])
									process.on(name, () => process.exit(5));
								setInterval(() => {}, 1000);
								report("ready");
							},
							AFTER_FIRST_LINE[signal],
						],
					],
					[
						`of itself after ${signal}`,
						[
							async ({ get, report }) => {
								await get("/");
								const timer = setInterval(() => {}, 1000);
								for (const name of ["SIGTERM", "SIGINT"])
									process.once(name, async () => {
										await get("/");
										clearInterval(timer);
									});
								report("ready");
							},
							AFTER_FIRST_LINE[signal],
						],
					],
				],
			),
		),
	};

describe.concurrent("every span is delivered, and the end is the program's, that ends", () => {
	for (const [name, [scenario, options]] of Object.entries(ENDS)) {
		test(name, async ({ http }) => {
			const collector = await startCollector();
			const alone = await runScenario(http, scenario, {
				...options,
				preload: "none",
			});
			const traced = await runScenario(http, scenario, {
				...options,
				environment: exportingTo(collector.origin),
			});
			await collector.close();
			expect([traced.exitCode, traced.signal]).toEqual([
				alone.exitCode,
				alone.signal,
			]);
			expect(traced.reports).toEqual(alone.reports);
			expect(traced.spans).toHaveLength(SPANS);
			expect(collector.taken.map(({ spanId }) => spanId).toSorted()).toEqual(
				traced.spans.map(({ spanId }) => spanId).toSorted(),
			);
			expect(ledgerOf(traced.stderr, collector.origin)).toEqual({
				started: SPANS,
				delivered: SPANS,
				leftOut: 0,
				lost: 0,
			});
		});
	}
});
