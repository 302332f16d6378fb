import { createRequire } from "node:module";
import { expect } from "vitest";
import { describeBoth, story, trace } from "../support/scenario.js";
import { lastClaim, stage } from "./stages.js";

const NAMES = Object.keys(
	createRequire(import.meta.url)("../programs/third-party-agents.cjs"),
);

describeBoth("an agent of somebody else", ({ test, secure }) => {
	for (const name of NAMES) {
		test(name, async ({ server }) => {
			const run = await trace(
				server,
				async ({ client, net, tls, get, request, read, values }) => {
					const agents = process.mainModule?.require(
						"./third-party-agents.cjs",
					);
					const agent = agents[values.name]({
						client,
						secure: values.secure,
						connect: (options: { port: number }) =>
							values.secure
								? tls.connect({ ...options, servername: "localhost" })
								: net.connect(options),
					});
					await get("/x/0/kept", { agent });
					await get("/x/0/kept", { agent });
					await Promise.all(
						["a", "b", "c"].map((path) => get(`/delay/30/${path}`, { agent })),
					);
					await get("/close/0/closed", { agent });
					const aborted = request("/never/0/aborted", { agent }).end();
					setTimeout(() => aborted.destroy(), 60);
					await read(aborted).catch(() => {});
					for (const _ of [1, 2]) await get("/x/0/after", { agent });
					agent.destroy();
				},
				{ values: { name, secure } },
			);
			expect(stage(run, "kept")).toEqual([
				expect.objectContaining({ reason: "first_connection" }),
				"request 2",
			]);
			expect(story(run)).not.toContain("unknown");
			expect(story(run).slice(2, 5)).toContain("request 3");
			expect(stage(run, "after").at(-1)).toMatch(/^request /);
		});
	}

	test("an agent that connects later, and whose connection is free again by then", async ({
		server,
	}) => {
		const run = await trace(
			server,
			async ({ net, tls, get, values }) => {
				const agents = process.mainModule?.require("./third-party-agents.cjs");
				for (const maxSockets of [Number.POSITIVE_INFINITY, 5]) {
					const agent = agents["agent-base, much later"]({
						maxSockets,
						connect: (options: { port: number }) =>
							values
								? tls.connect({ ...options, servername: "localhost" })
								: net.connect(options),
					});
					const path = `/x/0/of-${maxSockets}`;
					await get(path, { agent });
					await Promise.all([1, 2].map(() => get(path, { agent })));
					agent.destroy();
				}
			},
			{ values: secure },
		);
		for (const most of [Number.POSITIVE_INFINITY, 5])
			expect(stage(run, `of-${most}`).slice(1)).toEqual([
				"request 2",
				expect.objectContaining({
					reason: "pool_busy",
					detail: expect.stringMatching(/^1 connection of the pool busy/),
				}),
			]);
	});

	test("agentkeepalive closes what has been idle for too long", async ({
		server,
	}) => {
		const run = await trace(
			server,
			async ({ get, sleep, values }) => {
				const agents = process.mainModule?.require("./third-party-agents.cjs");
				const agent = agents.agentkeepalive({
					secure: values,
					limits: { freeSocketTimeout: 50 },
				});
				await get("/x/0/limit", { agent });
				await sleep(200);
				await get("/x/0/limit", { agent });
				agent.destroy();
			},
			{ values: secure },
		);
		expect(lastClaim(run, "limit")).toMatchObject({
			reason: "agent_idle_timeout",
			detail: expect.stringMatching(
				/^idle \d+ ms, the client closes after 50 ms$/,
			),
			previous: 0,
		});
	});

	test("agentkeepalive closes what has been used for too long", async ({
		server,
	}) => {
		const run = await trace(
			server,
			async ({ get, sleep, values }) => {
				const agents = process.mainModule?.require("./third-party-agents.cjs");
				const agent = agents.agentkeepalive({
					secure: values,
					limits: { socketActiveTTL: 300 },
				});
				await get("/x/0/idle", { agent });
				await sleep(500);
				await get("/delay/400/idle", { agent });
				await get("/x/0/released", { agent });
				agent.destroy();
			},
			{ values: secure },
		);
		const detail = expect.stringMatching(
			/^open for [3-9]\d\d ms, the client uses a connection for 300 ms$/,
		);
		expect(lastClaim(run, "idle")).toMatchObject({
			reason: "agent_idle_timeout",
			detail,
			previous: 0,
		});
		expect(lastClaim(run, "released")).toMatchObject({
			reason: "agent_idle_timeout",
			detail,
		});
	});
});
