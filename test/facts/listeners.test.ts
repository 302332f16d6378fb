import { once } from "node:events";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { factPublisher } from "../../src/facts/channels.js";
import type * as Facts from "../../src/facts/index.js";
import { onConnection, onRequest } from "../../src/facts/index.js";
import { request } from "../connections/model.js";
import {
	compare,
	describeBoth,
	runScenario,
	story,
	trace,
} from "../support/scenario.js";

/** The file that a program requires as `conntrace/facts`. */
const FACTS = resolve("dist/facts.js");

function endRequest(): void {
	const ended = request();
	ended.endedAt = 5;
	factPublisher.requestEnded?.(ended);
}

describe("listeners", () => {
	it("are told until they unsubscribe", () => {
		const told: string[] = [];
		const stop = onRequest(({ url }) => told.push(url));
		endRequest();
		endRequest();
		stop();
		stop();
		endRequest();
		expect(told).toEqual(["https://table.test/", "https://table.test/"]);
	});

	it.each([
		() => {
			throw new Error("of the listener");
		},
		async () => {
			throw new Error("of the listener");
		},
	])("may throw or reject: it is warned of once", async (listener) => {
		const warnings: Error[] = [];
		const onWarning = (warning: Error) => warnings.push(warning);
		process.on("warning", onWarning);
		const told: unknown[] = [];
		const stops = [onRequest(listener), onRequest((facts) => told.push(facts))];
		const warned = once(process, "warning");
		endRequest();
		endRequest();
		await warned;
		await new Promise(setImmediate);
		for (const stop of stops) stop();
		process.off("warning", onWarning);
		expect(told).toHaveLength(2);
		expect(warnings).toHaveLength(1);
		expect(warnings[0]).toMatchObject({
			name: "ConntraceWarning",
			message: expect.stringMatching(
				/^a listener of onRequest failed: Error: of the listener\n/,
			),
		});
	});

	it("are functions", () => {
		expect(() => onRequest("console.log" as never)).toThrow(
			"onRequest expects a function, and got string",
		);
		expect(() => onConnection(null as never)).toThrow(
			"onConnection expects a function, and got null",
		);
	});
});

describeBoth("a program that listens", ({ test }) => {
	test("knows in whose asynchronous context a request was made", async ({
		server,
	}) => {
		const { reports } = await runScenario(
			server,
			async ({ get, fetchAnswer, load, report, values }) => {
				const { onRequest } = await load<typeof Facts>(values);
				const { AsyncLocalStorage } =
					process.getBuiltinModule("node:async_hooks");
				const user = new AsyncLocalStorage<string>();
				onRequest(({ url }) =>
					report([user.getStore(), new URL(url).pathname]),
				);
				await Promise.all([
					user.run("ada", () => get("/ada")),
					user.run("bob", () => fetchAnswer("/bob")),
				]);
				await user.run("eve", () => get("/eve"));
			},
			{ values: FACTS },
		);
		expect(reports.map(String).sort()).toEqual([
			"ada,/ada",
			"bob,/bob",
			"eve,/eve",
		]);
	});

	test("may make requests itself, which are told as well", async ({
		server,
	}) => {
		const run = await trace(
			server,
			async ({ get, load, report, values }) => {
				const { onRequest } = await load<typeof Facts>(values);
				const log = new Promise((resolve) => {
					onRequest(({ url, requestNumber }) => {
						const { pathname } = new URL(url);
						report([pathname, requestNumber]);
						if (pathname !== "/log") resolve(get("/log"));
					});
				});
				await get("/");
				await log;
			},
			{ values: FACTS },
		);
		expect(run.reports).toEqual([
			["/", 1],
			["/log", 1],
		]);
		expect(story(run)).toEqual(["first_connection", "pool_busy"]);
	});

	test("and throws on a channel gets what it threw, and the trace is whole", async ({
		server,
	}) => {
		const run = await trace(server, async ({ get, diagnostics, report }) => {
			for (const name of ["conntrace:request", "conntrace:connection"]) {
				diagnostics.subscribe(name, () => {
					throw new Error(name);
				});
			}
			process.on("uncaughtException", ({ message }) => report(message));
			await get("/");
			await get("/");
		});
		expect(run.reports).toEqual([
			"conntrace:connection",
			"conntrace:request",
			"conntrace:request",
		]);
		expect(story(run)).toEqual(["first_connection", "request 2"]);
	});

	test("and fails at it runs as without the agent", async ({ server }) => {
		await compare(server, async ({ get, load, report, once, client }) => {
			const { onRequest, onConnection } = await load<typeof Facts>(
				`${process.cwd()}/dist/facts.js`,
			);
			// Node's own, which prints it.
			process.removeAllListeners("warning");
			onRequest(() => {
				throw new Error("of the listener");
			});
			onConnection(async () => {
				throw new Error("of the listener");
			});
			const { status } = await get("/");
			await once(client.get({ host: "127.0.0.1", port: 1 }), "error");
			report(status);
		});
	});
});
