import { describe, expect } from "vitest";
import { test, trace } from "../support/scenario.js";
import { named, type Span } from "../support/spans.js";

const SINCE_PREVIOUS = "conntrace.dns.since_previous_ms";
const SAME_ANSWER = "conntrace.dns.same_answer";

const attributesOf = (spans: readonly Span[], name: string) =>
	named(spans, "dns.lookup")
		.map(({ attributes }) => attributes)
		.filter((attributes) => attributes["dns.question.name"] === name);

describe.concurrent("what a lookup has to do with the one before it", () => {
	test("the first lookup of a name has none before it", async ({ http }) => {
		const run = await trace(http, async ({ get }) => {
			await get("/", { agent: false });
		});
		const [lookup] = attributesOf(run.spans, "localhost");
		expect(lookup).not.toHaveProperty(SINCE_PREVIOUS);
		expect(lookup).not.toHaveProperty(SAME_ANSWER);
	});

	test("the next one says how long ago, and that the answer is the same", async ({
		http,
	}) => {
		const run = await trace(http, async ({ get, sleep }) => {
			await get("/", { agent: false });
			await sleep(50);
			await get("/", { agent: false });
		});
		const [, lookup] = attributesOf(run.spans, "localhost");
		expect(lookup?.[SINCE_PREVIOUS]).toBeGreaterThan(45);
		expect(lookup?.[SAME_ANSWER]).toBe(true);
	});

	test("lookups at the same time do not follow each other", async ({
		http,
	}) => {
		const run = await trace(http, async ({ dns }) => {
			await Promise.all([1, 2].map(() => dns.promises.lookup("localhost")));
		});
		for (const lookup of attributesOf(run.spans, "localhost"))
			expect(lookup).not.toHaveProperty(SINCE_PREVIOUS);
	});

	test("answers to different questions are not compared", async ({ http }) => {
		const run = await trace(http, async ({ dns }) => {
			await dns.promises.lookup("localhost", { all: true });
			await dns.promises.lookup("localhost", { family: 4 });
			await dns.promises.lookup("localhost", 4);
		});
		const [, second, third] = attributesOf(run.spans, "localhost");
		expect(second).toHaveProperty([SINCE_PREVIOUS]);
		expect(second).not.toHaveProperty(SAME_ANSWER);
		expect(third?.[SAME_ANSWER]).toBe(true);
	});

	test("a failed lookup is one before it, with no answer to compare", async ({
		http,
	}) => {
		const run = await trace(http, async ({ dns, report }) => {
			for (let round = 1; round <= 2; round++)
				await dns.promises
					.lookup("nonexistent.invalid")
					.catch(({ code }) => report(code));
		});
		const [, second] = attributesOf(run.spans, "nonexistent.invalid");
		expect(second?.["error.type"]).toBe(run.reports[1]);
		expect(second).toHaveProperty([SINCE_PREVIOUS]);
		expect(second).not.toHaveProperty(SAME_ANSWER);
	});

	test("another answer is another answer, whatever its order", async ({
		http,
	}) => {
		const run = await trace(http, async ({ get }) => {
			const answers = [
				["127.0.0.1", "127.0.0.2"],
				["127.0.0.2", "127.0.0.1"],
				["127.0.0.1"],
			];
			for (const addresses of answers)
				await get("/", {
					agent: false,
					lookup: (_name, _options, callback) =>
						callback(
							null,
							addresses.map((address) => ({ address, family: 4 })),
						),
				}).catch(() => {});
		});
		const lookups = attributesOf(run.spans, "localhost");
		expect(lookups.map((lookup) => lookup[SAME_ANSWER])).toEqual([
			undefined,
			true,
			false,
		]);
	});
});
