import { describe, expect, it } from "vitest";
import { tellStory } from "../../src/experiment/story.js";
import {
	QUICK,
	type VariantId,
	variantsFor,
} from "../../src/experiment/variants.js";
import type { Chapter, Run, Story } from "../../src/report/model.js";
import { RunAnalysis } from "../../src/report/run-analysis.js";
import type { Span } from "../../src/report/span.js";
import { fresh, reused, span } from "../report/spans.js";

function run(name: string, spans: readonly Span[]): Run {
	const analysis = new RunAnalysis();
	for (const span of spans) analysis.add(span);
	return analysis.build(name, []);
}

/** A first connection and four puts more, each fresh for a reason, or reused. */
function five(reason?: string): Span[] {
	const first = fresh({ duration: 30, setup: 20 });
	const others = Array.from({ length: 4 }, (_, index) =>
		reason
			? fresh({ at: index, duration: 30, setup: 20, reason })
			: reused({ at: index, duration: 2 }),
	);
	const spans = [first, ...others];
	const lookups = spans
		.filter((span) => span.attributes["conntrace.connection.reused"] === false)
		.map(() => span("dns.lookup", 0, 1));
	return [...spans, ...lookups];
}

const EXPECTED: Partial<Record<VariantId, Span[]>> = {
	v2: five("keep_alive_disabled"),
	"v2-variable": five(),
	v3: five(),
	"keep-alive-off": five("keep_alive_disabled"),
	"per-call": five("different_agent"),
	"all-pools": [
		...["a", "b", "c"].map((host) => fresh({ host })),
		...["a", "b", "c"].map((host) => reused({ host })),
	],
	"few-pools": five("agent_destroyed"),
	"sweep-0.1": five(),
	"sweep-0.25": five(),
	"sweep-2": five("peer_closed_idle"),
	"sweep-3": five("peer_closed_idle"),
	"agent-idle-limit": five("agent_idle_timeout"),
	"no-probes": five(),
	"probes-only": five("keep_alive_disabled"),
	freeze: [
		...five(),
		reused({ more: { "error.type": "ECONNRESET" } }),
		fresh({ reason: "stale_reset", more: { "conntrace.aws.attempt": 2 } }),
	],
};

function tell(
	changed: Partial<Record<VariantId, Span[] | undefined>> = {},
	counted: [VariantId, { connections: number; requests: number }][] = [],
): Story {
	const runs = Object.entries({ ...EXPECTED, ...changed }).flatMap(
		([id, spans]) =>
			spans ? [[id as VariantId, run(id, spans)] as const] : [],
	);
	return tellStory({
		runs: new Map(runs),
		counted: new Map(counted),
		scale: QUICK,
		conditions: [],
	});
}

function chapterOf(story: Story, title: string): Chapter {
	const chapter = story.chapters.find((chapter) => chapter.title === title);
	if (!chapter) throw new Error(`no chapter ${title}`);
	return chapter;
}

describe("the story", () => {
	it("tells of every variant, and every claim holds where all went as expected", () => {
		const story = tell({}, [["v3", { connections: 1, requests: 5 }]]);
		expect(story.chapters).toHaveLength(10);
		for (const { claims } of story.chapters) {
			expect(claims.length).toBeGreaterThan(0);
			for (const claim of claims) {
				expect(claim, claim.claim).toMatchObject({ holds: true });
			}
		}
		const told = new Set(story.chapters.flatMap(({ runs }) => runs));
		for (const { id } of variantsFor(QUICK)) expect(told).toContain(id);
	});

	it("states the measured numbers", () => {
		const [claim, reason, lookups, latency] = chapterOf(
			tell(),
			"Every call pays for a connection",
		).claims;
		expect(claim?.measured).toBe("5 of 5 puts fresh");
		expect(reason?.measured).toBe(
			"4 × keep_alive_disabled, 1 × first_connection",
		);
		expect(lookups?.measured).toBe("5 lookups for 5 puts");
		expect(latency?.measured).toMatch(/^p50 30\.1 ms against 2\.0 ms$/);
	});

	it("says of a claim that does not hold that it does not", () => {
		const holds = (changed: Parameters<typeof tell>[0], title: string) =>
			chapterOf(tell(changed), title).claims.map(({ holds }) => holds);
		expect(holds({ v3: five("unknown") }, "SDK v3 keeps it by itself")).toEqual(
			[false],
		);
		expect(holds({ v2: five() }, "Every call pays for a connection")).toContain(
			false,
		);
		expect(
			holds(
				{ "no-probes": five("unknown") },
				"TCP keep-alive is something else",
			),
		).toEqual([false, true]);
		expect(
			holds({ freeze: five() }, "A frozen process meets a dead connection"),
		).toEqual([false, false]);
		expect(holds({ "sweep-2": five() }, "The rate decides")).toEqual([
			true,
			false,
			false,
		]);
	});

	it("draws the sweep", () => {
		expect(chapterOf(tell(), "The rate decides").sweep).toMatchObject({
			mark: { x: 500 },
			points: [
				{ x: 50, run: "sweep-0.1", freshRatio: 0.2 },
				{ x: 125, run: "sweep-0.25", freshRatio: 0.2 },
				{ x: 1000, run: "sweep-2", freshRatio: 1 },
				{ x: 1500, run: "sweep-3", freshRatio: 1 },
			],
		});
	});

	it("leaves out what was not run", () => {
		const titles = tell({
			freeze: undefined,
			"few-pools": undefined,
		}).chapters.map(({ title }) => title);
		expect(titles).not.toContain("A frozen process meets a dead connection");
		expect(titles).not.toContain("More endpoints than pools");
		expect(titles).not.toContain("The server counted the same");
	});

	it("says where the server counted something else", () => {
		const story = tell({}, [["v3", { connections: 2, requests: 5 }]]);
		expect(chapterOf(story, "The server counted the same").claims).toEqual([
			{
				claim: expect.any(String),
				holds: false,
				measured:
					"v3: the traces show 5 puts and 1 fresh connections, the server counted 5 and 2",
			},
		]);
	});
});
