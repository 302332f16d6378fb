import { describe, expect } from "vitest";
import { LookupQueue } from "../../src/connections/lookup-queue.js";
import { expectSameInFactsAndSpans, SUBSCRIBED } from "../support/facts.js";
import { test, trace } from "../support/scenario.js";
import { duration, named } from "../support/spans.js";

const POOL_WAIT = "conntrace.dns.pool_wait_ms";
const IN_FLIGHT = "conntrace.dns.in_flight";

describe.concurrent("lookups that wait for a thread", () => {
	test("what cannot have begun before another one was over, waited", async ({
		http,
	}) => {
		const run = await trace(
			http,
			async ({ dns, occupyThread }) => {
				occupyThread();
				await Promise.all(
					[1, 2, 3].map(() => dns.promises.lookup("localhost")),
				);
				await dns.promises.lookup("localhost");
			},
			{ environment: { UV_THREADPOOL_SIZE: "1" } },
		);
		const lookups = named(run.spans, "dns.lookup");
		expect(lookups.map(({ attributes }) => attributes[IN_FLIGHT])).toEqual([
			0, 1, 2, 0,
		]);
		const waits = lookups.map(({ attributes }) => attributes[POOL_WAIT]);
		// That the first one waited for the other work cannot be seen from here.
		expect(waits).toEqual([
			undefined,
			expect.any(Number),
			expect.any(Number),
			undefined,
		]);
		for (const [index, lookup] of lookups.entries())
			expect(Number(waits[index] ?? 0)).toBeLessThanOrEqual(duration(lookup));
	});

	test("a request whose lookup waited is told what to set", async ({
		http,
	}) => {
		const run = await trace(
			http,
			async ({ get, occupyThread }) => {
				occupyThread();
				await Promise.all([1, 2].map(() => get("/", { agent: false })));
			},
			{ environment: { UV_THREADPOOL_SIZE: "1" } },
		);
		expect(
			run.requests.map(({ attributes }) => attributes["conntrace.findings"]),
		).toEqual([undefined, ["thread_pool_saturated"]]);
	});

	test("a lookup that is given up waited until then", async ({ http }) => {
		const run = await trace(
			http,
			async ({ http, request, occupyThread, sleep, once }) => {
				for (let times = 0; times < 5; times++) occupyThread();
				const agent = new http.Agent();
				const ended = [false as const, agent].map((agent) => {
					const sent = request("/", { agent });
					sent.on("error", () => {}).on("response", (it) => it.resume());
					return once(sent.end(), "close");
				});
				const idle = () => performance.nodeTiming.idleTime;
				for (const before = idle(); idle() === before; ) await sleep(10);
				agent.destroy();
				// So that the other lookup is over before the request is.
				const until = performance.now() + 2000;
				while (performance.now() < until);
				await Promise.all(ended);
			},
			{ ...SUBSCRIBED, environment: { UV_THREADPOOL_SIZE: "1" } },
		);
		const [, lookup] = named(run.spans, "dns.lookup");
		expect(lookup?.attributes["error.type"]).toBe("aborted");
		const wait = Number(lookup?.attributes[POOL_WAIT]);
		expect(wait).toBeGreaterThan(0);
		expect(wait).toBeLessThanOrEqual(lookup ? duration(lookup) : 0);
		expectSameInFactsAndSpans(run);
	});

	test("none waits while there are threads for all", async ({ http }) => {
		const run = await trace(
			http,
			async ({ dns }) => {
				await Promise.all(
					[1, 2, 3, 4].map(() => dns.promises.lookup("localhost")),
				);
			},
			{ environment: { UV_THREADPOOL_SIZE: "8" } },
		);
		for (const { attributes } of named(run.spans, "dns.lookup"))
			expect(attributes).not.toHaveProperty(POOL_WAIT);
	});

	test("the size of the pool is what the program sets before its first use", async ({
		http,
	}) => {
		const run = await trace(http, async ({ dns }) => {
			process.env.UV_THREADPOOL_SIZE = "16";
			await Promise.all(
				[1, 2, 3, 4].map(() => dns.promises.lookup("localhost")),
			);
		});
		for (const { attributes } of named(run.spans, "dns.lookup"))
			expect(attributes).not.toHaveProperty(POOL_WAIT);
	});

	test("lookups of addresses and of hosts that are not traced count", async ({
		http,
	}) => {
		const run = await trace(
			http,
			async ({ dns, occupyThread }) => {
				occupyThread();
				await Promise.all([
					dns.promises.lookupService("127.0.0.1", 80),
					dns.promises.lookup("nonexistent.invalid").catch(() => {}),
					new Promise((resolve) => dns.lookupService("127.0.0.1", 80, resolve)),
					dns.promises.lookup("localhost"),
				]);
			},
			{
				environment: {
					UV_THREADPOOL_SIZE: "1",
					CONNTRACE_HOSTS: "localhost",
				},
			},
		);
		const lookups = named(run.spans, "dns.lookup");
		expect(lookups).toHaveLength(1);
		expect(lookups[0]?.attributes).toMatchObject({
			[IN_FLIGHT]: 3,
			[POOL_WAIT]: expect.any(Number),
		});
	});
});

describe("the order in which lookups get threads", () => {
	const queueOf = (threads: number) => {
		const clock = { idle: 0 };
		const queue = new LookupQueue({
			threads: () => threads,
			idleTime: () => clock.idle,
		});
		return { clock, queue };
	};

	test("each waits for as many as leave too few threads", () => {
		const { clock, queue } = queueOf(2);
		const lookups = [1, 2, 3, 4].map(() => queue.enter());
		for (const lookup of lookups) {
			clock.idle += 100;
			queue.leave(lookup);
		}
		expect(lookups.map(({ wait }) => wait)).toEqual([
			undefined,
			undefined,
			100,
			200,
		]);
		expect(queue.size).toBe(0);
	});

	test("one that is refused at once helps nobody before it", () => {
		const { clock, queue } = queueOf(1);
		const first = queue.enter();
		const second = queue.enter();
		queue.leave(queue.enter());
		clock.idle = 40;
		queue.leave(first);
		expect(second.wait).toBe(40);
	});

	test("one that is given up takes its thread, and waits no longer", () => {
		const { clock, queue } = queueOf(1);
		const [first, second, third] = [1, 2, 3].map(() => queue.enter());
		clock.idle = 10;
		if (second) queue.giveUp(second);
		clock.idle = 40;
		if (first) queue.leave(first);
		clock.idle = 60;
		if (second) queue.leave(second);
		expect([second?.wait, third?.wait]).toEqual([10, 60]);
	});

	test("a busy event loop is no wait for a thread", () => {
		const { queue } = queueOf(1);
		const first = queue.enter();
		const second = queue.enter();
		queue.leave(first);
		expect(second.wait).toBeUndefined();
	});
});
