import { describe, expect } from "vitest";
import { runScenario, test, trace } from "../support/scenario.js";
import { refusingPort } from "../support/server.js";

const EVENTS = ["beforeExit", "exit", "SIGTERM", "SIGINT", "newListener"];

describe.concurrent("the end of the process", () => {
	test("has no listeners but the program's", async ({ http }) => {
		const scenario = ({
			report,
			values,
		}: {
			report(value: unknown): void;
			values: string[];
		}) => {
			const counts = () =>
				values.map((event) => [event, process.listenerCount(event as "exit")]);
			report(counts());
			const heard: unknown[] = [];
			process.on("newListener", (...args) => heard.push(args.length, args[0]));
			const listener = () => {};
			process.on("SIGTERM", listener);
			report([counts(), process.eventNames().map(String)]);
			process.off("SIGTERM", listener);
			report([counts(), heard]);
			// Node warns of an eleventh.
			for (let added = 1; added <= 10; added++) process.on("exit", listener);
		};
		const [traced, plain] = await Promise.all(
			(["require", "none"] as const).map((preload) =>
				runScenario<string[]>(http, scenario, { preload, values: EVENTS }),
			),
		);
		expect(traced?.reports).toHaveLength(3);
		expect(traced?.reports).toEqual(plain?.reports);
		expect([traced?.stderr, traced?.exitCode]).toEqual(["", 0]);
	});

	test("is announced as often, and with no more requests, as without the agent", async ({
		http,
	}) => {
		const unreachable = `http://127.0.0.1:${await refusingPort()}`;
		const announced = (preload: "require" | "none") =>
			runScenario(
				http,
				async ({ get, report }) => {
					const requests: string[] = [];
					process
						.getBuiltinModule("node:diagnostics_channel")
						.subscribe("http.client.request.start", () =>
							requests.push("request"),
						);
					process.on("beforeExit", (code) => report(["beforeExit", code]));
					process.on("exit", (code) => report(["exit", code, requests]));
					await get("/", { agent: false });
				},
				{
					preload,
					environment: {
						OTEL_TRACES_EXPORTER: "otlp",
						OTEL_EXPORTER_OTLP_ENDPOINT: unreachable,
					},
				},
			);
		const traced = await announced("require");
		expect(traced.reports).toEqual((await announced("none")).reports);
		expect(traced.reports).toEqual([
			["beforeExit", 0],
			["exit", 0, ["request"]],
		]);
	});

	for (const signal of ["SIGTERM", "SIGINT"] as const) {
		test(`by ${signal}, which signal-exit hears and gives back`, async ({
			http,
		}) => {
			const { spans, reports, ...run } = await runScenario(
				http,
				async ({ get, sleep, report }) => {
					const { onExit } = process.mainModule?.require("signal-exit") ?? {};
					onExit((code: unknown, signal: unknown) => report([code, signal]));
					await get("/", { agent: false });
					report("ready");
					await sleep(10_000);
				},
				{ signalAfterFirstLine: signal },
			);
			expect(run.signal).toBe(signal);
			expect(reports).toEqual(["ready", [null, signal]]);
			expect(spans).toHaveLength(4);
		});

		test(`by ${signal}, once the program has stopped to listen to it`, async ({
			http,
		}) => {
			const { spans, ...run } = await runScenario<NodeJS.Signals>(
				http,
				async ({ get, sleep, once, values }) => {
					const alive = sleep(10_000);
					await get("/", { agent: false });
					const heard = once(process, values);
					process.kill(process.pid, values);
					await heard;
					process.kill(process.pid, values);
					await alive;
				},
				{ values: signal },
			);
			expect(run).toMatchObject({ signal, exitCode: null });
			expect(spans).toHaveLength(4);
		});

		test(`goes on after ${signal} if the program wants it`, async ({
			http,
		}) => {
			const { requests } = await trace<NodeJS.Signals>(
				http,
				async ({ get, once, values }) => {
					const alive = setInterval(() => {}, 1000);
					process.on(values, () => {});
					const heard = once(process, values);
					process.kill(process.pid, values);
					await heard;
					clearInterval(alive);
					await get("/", { agent: false });
				},
				{ values: signal },
			);
			expect(requests).toHaveLength(1);
		});
	}
});
