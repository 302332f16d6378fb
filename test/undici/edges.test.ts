import { rm } from "node:fs/promises";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { lastClaim, testedNode } from "../reasons/stages.js";
import {
	test as plain,
	runScenario,
	trace as traceAny,
} from "../support/scenario.js";
import { closeServer } from "../support/server.js";
import { childrenOf, named, only } from "../support/spans.js";
import { COPIES, describeClients } from "./clients.js";

describeClients("undici in unusual situations", ({ test, trace }) => {
	test("a response that is forgotten", async ({ server }) => {
		const run = await trace(
			server,
			async ({ undici, diagnostics, origin, fetchAnswer, givingUp, sleep }) => {
				const { fetch } = undici ?? globalThis;
				let collected = false;
				diagnostics.subscribe("undici:request:error", () => {
					collected = true;
				});
				await fetch(`${origin}/big/3000000/forgotten`);
				await givingUp(async () => {
					while (!collected) {
						(globalThis as { gc?: () => void }).gc?.();
						await sleep(5);
					}
				});
				await fetchAnswer("/x/0/forgotten");
			},
			{ nodeOptions: ["--expose-gc"] },
		);
		expect(lastClaim(run, "forgotten")).toMatchObject({
			reason: "response_destroyed",
		});
	});

	test("requests that the end of the process cuts short", async ({
		server,
	}) => {
		const run = await trace(server, async ({ undici, origin, diagnostics }) => {
			const { fetch } = undici ?? globalThis;
			let sent = 0;
			const bothSent = new Promise<void>((resolve) =>
				diagnostics.subscribe("undici:request:bodySent", () => {
					sent += 1;
					if (sent === 2) resolve();
				}),
			);
			fetch(`${origin}/never`).catch(() => {});
			fetch(`${origin}/never`).catch(() => {});
			await bothSent;
			process.exit();
		});
		expect(
			run.requests.map(({ attributes }) => attributes["conntrace.unfinished"]),
		).toEqual([true, true]);
		for (const request of run.requests)
			expect(childrenOf(run.spans, request, "connection.setup")).toHaveLength(
				1,
			);
	});

	test("hosts that are not traced", async ({ server }) => {
		const run = await runScenario(
			server,
			async ({ fetchAnswer, report }) => {
				await fetchAnswer("/x/0/ignored");
				report((await fetchAnswer("/x/0/ignored")).number);
			},
			{ environment: { CONNTRACE_IGNORE_HOSTS: "localhost" } },
		);
		expect(run).toMatchObject({ reports: [2], stderr: "" });
		expect(run.spans).toEqual([]);
	});

	test("credentials and bodies stay out of the trace", async ({ server }) => {
		const run = await trace(server, async ({ undici, port, origin }) => {
			const { fetch } = undici ?? globalThis;
			const response = await fetch(`${origin}/x?token=5ec2e7`, {
				method: "POST",
				headers: { authorization: "Bearer 5ec2e7", cookie: "a=5ec2e7" },
				body: "5ec2e7",
			});
			await response.text();
			await fetch(`http://localhost:${port}/never#5ec2e7`, {
				signal: AbortSignal.abort(new Error("5ec2e7")),
			}).catch(() => {});
		});
		expect(run.exported).not.toContain("5ec2e7");
	});
});

for (const client of COPIES)
	plain(
		`a Unix socket and a mocked server, ${client}`,
		async ({ http: server }) => {
			const path = join(tmpdir(), `conntrace-${process.pid}-${client}.sock`);
			const unix = http.createServer((_, response) => response.end("unix"));
			await new Promise<void>((resolve) => unix.listen(path, resolve));
			const run = await runScenario(
				server,
				async ({ undici, report, values }) => {
					const overUnix = new undici.Client("http://localhost", {
						socketPath: values.path,
					});
					const { body } = await overUnix.request({ path: "/", method: "GET" });
					report(await body.text());
					await overUnix.close();
					const agent = new undici.MockAgent();
					agent.disableNetConnect();
					agent
						.get("http://mocked.test")
						.intercept({ path: "/" })
						.reply(200, "mocked");
					const mocked = await undici.request("http://mocked.test/", {
						dispatcher: agent,
					});
					report(await mocked.body.text());
					await agent.close();
				},
				{ values: { undici: client, path } },
			);
			await closeServer(unix, []);
			await rm(path, { force: true });
			expect(run).toMatchObject({ stderr: "", exitCode: 0 });
			expect(run.stdout).toBe('"unix"\n"mocked"\n');
			expect(run.spans).toEqual([]);
		},
	);

plain("undici is not loaded for being watched", async ({ http: server }) => {
	const run = await runScenario(server, ({ report }) => {
		const loaded = (process as unknown as { moduleLoadList: string[] })
			.moduleLoadList;
		report(loaded.filter((name) => name.includes("undici/undici")));
	});
	expect(run).toMatchObject({ reports: [[]], stderr: "" });
});

if (testedNode >= 22)
	plain("a WebSocket", async ({ http: server }) => {
		const run = await traceAny(server, async ({ origin, once }) => {
			const { EventEmitter } = process.getBuiltinModule("node:events");
			const socket = new WebSocket(origin.replace("http", "ws"));
			const events = new EventEmitter();
			socket.onerror = () => events.emit("over");
			await once(events, "over");
		});
		expect(only(run.requests)).toMatchObject({
			name: "GET",
			attributes: { "conntrace.connection.reason": "first_connection" },
		});
		expect(named(run.spans, "connection.setup")).toHaveLength(1);
	});
