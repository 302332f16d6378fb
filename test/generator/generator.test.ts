import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, inject } from "vitest";
import { checkContract } from "../support/contract.js";
import { expectSameInFactsAndSpans, SUBSCRIBED } from "../support/facts.js";
import { describeBoth, runScenario } from "../support/scenario.js";
import { requestsOf } from "../support/spans.js";
import { findContradictions } from "./consistency.js";
import { AGENTS, type Group, makePlan, type Step } from "./plan.js";

/** For a longer run by hand: another seed and more requests. */
const SEED = Number(process.env.CONNTRACE_TEST_SEED ?? 1);
const REQUESTS = Number(process.env.CONNTRACE_TEST_REQUESTS ?? 400);

describeBoth("any mixture of agents, servers and programs", ({ test }) => {
	test(`seed ${SEED}, ${REQUESTS} requests`, { timeout: 600_000 }, async ({
		server,
	}) => {
		const plan = makePlan(SEED, REQUESTS);
		// A long plan is too much for an argument.
		const file = join(inject("temporaryDirectory"), `${randomUUID()}.json`);
		await writeFile(file, JSON.stringify(plan));
		const run = await runScenario(
			server,
			async ({ client, request, sleep, values }) => {
				const agents = values.agents.map(
					(options) => options && new client.Agent(options),
				);
				const { readFileSync } = process.getBuiltinModule("node:fs");
				const groups: Group[] = JSON.parse(readFileSync(values.file, "utf8"));
				const perform = (step: Step) =>
					new Promise<void>((resolve) => {
						const sent = request(`/${step.behaviour}/r${step.id}`, {
							agent: agents[step.agent],
							method: step.method,
							...(step.action === "ask to close" && {
								headers: { connection: "close" },
							}),
							...(step.action === "upgrade" && {
								headers: { connection: "upgrade", upgrade: "echo" },
							}),
							...(step.action === "take another family" && { family: 4 }),
							...(step.action === "fail to connect" && {
								lookup: (_name, _options, callback) =>
									callback(
										Object.assign(new Error("no"), { code: "ENOTFOUND" }),
										[],
									),
							}),
						});
						sent.on("error", () => {});
						sent.on("close", resolve);
						sent.on("upgrade", (_, socket) => socket.destroy());
						if (step.action === "time out") {
							sent.setTimeout(20, () => sent.destroy());
						}
						sent.on("response", (response) => {
							response.on("error", () => {});
							const agent = agents[step.agent];
							if (step.action === "destroy agent" && agent) agent.destroy();
							if (step.action === "destroy response") {
								response.once("data", () => response.destroy());
								response.resume();
							} else if (step.action === "leave unread") {
								setTimeout(() => response.resume(), 25);
							} else {
								response.resume();
							}
						});
						if (step.action === "abort") setTimeout(() => sent.destroy(), 7);
						sent.end(step.method === "POST" ? "body" : undefined);
					});
				for (const { steps, pause } of groups) {
					await Promise.all(steps.map(perform));
					await sleep(pause);
				}
				for (const agent of agents) if (agent) agent.destroy();
			},
			{
				...SUBSCRIBED,
				values: { file, agents: AGENTS },
				timeLimit: 600_000,
			},
		);
		expect([run.stderr, run.exitCode]).toEqual(["", 0]);
		expect(requestsOf(run.spans)).toHaveLength(REQUESTS);
		expect(checkContract(run.spans)).toEqual([]);
		expect(findContradictions(run.spans, plan, server)).toEqual([]);
		expectSameInFactsAndSpans(run);
	});
});
