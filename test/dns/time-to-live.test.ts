import { resolve } from "node:path";
import { describe, expect } from "vitest";
import { type Answer, startDnsServer } from "../support/dns-server.js";
import {
	runScenario,
	type Scenario,
	test,
	trace,
} from "../support/scenario.js";
import { startServer } from "../support/server.js";
import { named } from "../support/spans.js";

const TTL = "conntrace.dns.ttl_s";
const AVOIDABLE = "conntrace.dns.avoidable";

/** Asked by the program itself, so that what was asked before has been answered. */
const BARRIER = "barrier.test";

const STABLE: Answer = { addresses: ["127.0.0.1"], ttl: 60 };

interface Zone {
	/** What the name server says that the agent asks. */
	readonly told: (time: number) => Answer;
	/** What the resolver of the system says; the same unless given. */
	readonly resolved?: (time: number) => Answer;
	readonly probe?: "0" | "1";
}

/** Looks a name up as often as there are pauses and says what the spans and the name server tell of it. */
async function lookUp(pauses: readonly number[], zone: Zone) {
	const { told, resolved = told, probe = "1" } = zone;
	const answers = (answerTo: (time: number) => Answer) =>
		startDnsServer((name, time) =>
			name === BARRIER ? STABLE : answerTo(time),
		);
	const [asked, system] = await Promise.all([answers(told), answers(resolved)]);
	const lookTwice: Scenario<readonly number[]> = async ({
		dns,
		sleep,
		values,
		report,
	}) => {
		const turns = async () => {
			for (let turn = 1; turn <= 5; turn++)
				await new Promise((resolve) => setImmediate(resolve));
		};
		for (const pause of values) {
			await sleep(pause);
			await new Promise<void>((resolve) =>
				dns.lookup("name.test", { all: true }, () => resolve()),
			);
			await turns();
			report(process.getActiveResourcesInfo());
			await dns.promises.resolve4("barrier.test");
			await turns();
		}
	};
	const run = await runScenario({ port: 0 }, lookTwice, {
		values: pauses,
		nodeOptions: ["-r", resolve("test/programs/system-resolver.cjs")],
		environment: {
			DNS_SERVER: asked.address,
			SYSTEM_DNS_SERVER: system.address,
			CONNTRACE_DNS_TTL: probe,
		},
	});
	await Promise.all([asked.close(), system.close()]);
	expect(run.stderr).toBe("");
	expect(run.exitCode).toBe(0);
	expect(system.questions).toHaveLength(pauses.length);
	const lookups = named(run.spans, "dns.lookup");
	// Nothing but what the program looked up is traced.
	expect(run.spans).toHaveLength(pauses.length);
	expect(lookups).toHaveLength(pauses.length);
	return {
		reports: run.reports,
		questions: asked.questions.filter((name) => name !== BARRIER),
		told: lookups.map(({ attributes }) => [
			attributes[TTL],
			attributes[AVOIDABLE],
		]),
	};
}

const NOTHING = [undefined, undefined];

describe.concurrent("the time to live of names", () => {
	test("is not asked for unless that is wanted", async () => {
		const { questions, told } = await lookUp([0, 0], {
			told: () => STABLE,
			probe: "0",
		});
		expect(questions).toEqual([]);
		expect(told).toEqual([NOTHING, NOTHING]);
	});

	test("is asked for once; a lookup within it was avoidable", async () => {
		const { questions, told } = await lookUp([0, 0, 0], {
			told: () => STABLE,
		});
		expect(questions).toEqual(["name.test"]);
		expect(told).toEqual([NOTHING, [60, true], [60, true]]);
	});

	test("is asked for again when it is over; the lookup after it was needed", async () => {
		const { questions, told } = await lookUp([0, 1100, 0], {
			told: (time) => ({ addresses: ["127.0.0.1"], ttl: time === 1 ? 1 : 30 }),
		});
		expect(questions).toHaveLength(2);
		expect(told).toEqual([NOTHING, [1, false], [30, true]]);
	});

	test("of 0 makes every lookup needed, and no query for each", async () => {
		const { questions, told } = await lookUp([0, 0, 0], {
			told: () => ({ addresses: ["127.0.0.1"], ttl: 0 }),
		});
		expect(questions.length).toBeLessThan(3);
		expect(told.slice(1)).toEqual([
			[0, false],
			[0, false],
		]);
	});

	test("with another answer the lookup was needed", async () => {
		const { told } = await lookUp([0, 0, 0], {
			told: () => STABLE,
			resolved: (time) => ({
				addresses: [time === 2 ? "127.0.0.2" : "127.0.0.1"],
				ttl: 60,
			}),
		});
		expect(told).toEqual([NOTHING, [60, false], [60, false]]);
	});

	test("of an alias counts as well", async () => {
		const { told } = await lookUp([0, 0], {
			told: () => ({ alias: "alias.test", aliasTtl: 7, ttl: 60 }),
			resolved: () => STABLE,
		});
		expect(told[1]).toEqual([7, true]);
	});

	for (const failure of ["NXDOMAIN", "SERVFAIL", "garbage", "silence"] as const)
		test(`${failure}: nothing is known, and nothing asked again soon`, async () => {
			const { questions, told, reports } = await lookUp([0, 0, 0], {
				told: () => failure,
				resolved: () => STABLE,
			});
			expect(questions).toHaveLength(1);
			expect(told).toEqual([NOTHING, NOTHING, NOTHING]);
			// What waits for the answer does not keep the process alive.
			for (const resources of reports)
				expect(resources).not.toEqual(
					expect.arrayContaining([expect.stringMatching(/UDP|Timeout/)]),
				);
		});

	test("of a name that is not resolved is not asked for", async () => {
		const { questions, told } = await lookUp([0, 0], {
			told: () => STABLE,
			resolved: () => "NXDOMAIN",
		});
		expect(questions).toEqual([]);
		expect(told).toEqual([NOTHING, NOTHING]);
	});

	test("of the host of requests", async () => {
		const server = await startServer({ host: "127.0.0.1" });
		const dnsServer = await startDnsServer(() => STABLE);
		const run = await trace(
			server,
			async ({ http, dns, port, once }) => {
				for (let call = 1; call <= 2; call++) {
					const request = http.get({ host: "name.test", port, agent: false });
					const [response] = await once(request, "response");
					(response as import("node:http").IncomingMessage).resume();
					await once(request, "close");
					await dns.promises.resolve4("barrier.test");
				}
			},
			{
				nodeOptions: ["-r", resolve("test/programs/system-resolver.cjs")],
				environment: {
					DNS_SERVER: dnsServer.address,
					SYSTEM_DNS_SERVER: dnsServer.address,
					CONNTRACE_DNS_TTL: "1",
				},
			},
		);
		await Promise.all([server.close(), dnsServer.close()]);
		const [, lookup] = named(run.spans, "dns.lookup");
		expect(lookup?.attributes).toMatchObject({
			"dns.question.name": "name.test",
			"conntrace.dns.same_answer": true,
			[TTL]: 60,
			[AVOIDABLE]: true,
		});
		// By the program: twice by the system and twice itself; by the agent once.
		expect(dnsServer.questions).toHaveLength(5);
	});
});
