import { describe, expect, test } from "vitest";
import { SpanQueue } from "../../src/export/span-queue.js";

const MANY = {
	batchSize: 4,
	batchBytes: 10_000,
	spans: Number.POSITIVE_INFINITY,
	bytes: 1e6,
};

function queueOf(limits: Partial<typeof MANY> = {}) {
	let dropped = 0;
	const queue = new SpanQueue<string>(
		{ ...MANY, ...limits },
		(name, to) => to.put(Buffer.from(`,{"name":"${name}","attributes":[]}`)),
		(count) => {
			dropped += count;
		},
	);
	return {
		queue,
		/** Adds spans by their names: those in upper case tell something. */
		add: (names: string) =>
			[...names].map((name) => queue.add(name, name === name.toLowerCase())),
		dropped: () => dropped,
	};
}

function namesIn(batch: ReturnType<SpanQueue<string>["take"]>): string {
	if (!batch) return "";
	const text = `${batch.telling.contents()}${batch.plain.contents()}`;
	return [...text.matchAll(/"name":"(\w)"/g)].map(([, name]) => name).join("");
}

const all = (queue: SpanQueue<string>): string =>
	queue.takeAll().map(namesIn).join(" ");

describe("a queue of spans", () => {
	test("gives full batches, and the open one when it is closed", () => {
		const { queue, add } = queueOf();
		expect(add("abcdef")).toEqual([false, false, false, true, false, false]);
		expect(namesIn(queue.take())).toBe("abcd");
		expect(queue.take()).toBeUndefined();
		queue.close();
		expect(namesIn(queue.take())).toBe("ef");
		expect(queue.empty).toBe(true);
	});

	test("puts small batches together", () => {
		const { queue, add } = queueOf();
		for (const names of ["a", "B", "c", "de"]) {
			add(names);
			queue.close();
		}
		expect(namesIn(queue.take())).toBe("Bac");
		expect(namesIn(queue.take())).toBe("de");
	});

	test("keeps the bytes of a batch within their limit", () => {
		const { queue, add } = queueOf({ batchSize: 100, batchBytes: 80 });
		expect(add("abc")).toEqual([false, false, true]);
		expect(namesIn(queue.take())).toBe("abc");
	});

	test("has what was given back first", () => {
		const { queue, add } = queueOf({ batchSize: 2 });
		add("abcd");
		const first = queue.take();
		expect(namesIn(first)).toBe("ab");
		if (first) queue.giveBack(first);
		expect(namesIn(queue.take())).toBe("ab");
		expect(namesIn(queue.take())).toBe("cd");
	});

	test("divides what is too large, down to one, and makes smaller ones", () => {
		const many = 5000;
		const { queue, add } = queueOf({ batchSize: many, batchBytes: 1e6 });
		const names = "aBcDe".repeat(many / 5);
		expect(add(names).at(-1)).toBe(true);
		const batch = queue.take();
		if (!batch) throw new Error("no batch");
		const { bytes } = batch;
		expect(queue.divide(batch)).toBe(true);
		const halves = [queue.take(), queue.take()];
		expect(halves.map((half) => half?.count)).toEqual([many / 2, many / 2]);
		expect(halves.map(namesIn).join("")).toBe(
			names.replace(/[a-z]/g, "") + names.replace(/[A-Z]/g, ""),
		);
		expect(queue.take()).toBeUndefined();
		for (const half of halves) if (half) queue.done(half);
		add(names);
		queue.close();
		const next = queue.take();
		expect(next?.bytes).toBeLessThan(bytes / 2 + 100);
		expect(next?.bytes).toBeGreaterThan(bytes / 2 - 100);
	});

	test("cannot divide one span, and forgets no room by dividing", () => {
		const { queue, add, dropped } = queueOf({ batchSize: 3, spans: 3 });
		add("aBc");
		const batch = queue.take();
		expect(batch && queue.divide(batch)).toBe(true);
		const single = queue.take();
		expect(namesIn(single)).toBe("B");
		expect(single && queue.divide(single)).toBe(false);
		add("d");
		expect(dropped()).toBe(2);
		expect(all(queue)).toBe("B d");
	});

	test("drops plain spans first, the oldest before the newer", () => {
		const { queue, add, dropped } = queueOf({ batchSize: 2, spans: 6 });
		add("aBcDef");
		add("G");
		expect(dropped()).toBe(1);
		add("HI");
		expect(dropped()).toBe(4);
		expect(all(queue)).toBe("B D GH I");
	});

	test("drops others where nothing plain is left", () => {
		const { queue, add, dropped } = queueOf({ batchSize: 2, spans: 4 });
		add("ABCDE");
		expect(dropped()).toBe(2);
		expect(all(queue)).toBe("CD E");
	});

	test("counts what is under way, and cannot drop it", () => {
		const { queue, add, dropped } = queueOf({ batchSize: 2, spans: 3 });
		add("ab");
		const underWay = queue.take();
		add("c");
		expect(dropped()).toBe(0);
		add("D");
		expect(dropped()).toBe(1);
		if (underWay) expect(queue.done(underWay)).toBe(true);
		add("e");
		expect(dropped()).toBe(1);
		expect(all(queue)).toBe("De");
	});

	test("keeps its bytes within their limit, however many spans they are", () => {
		const { queue, add, dropped } = queueOf({ bytes: 3000 });
		for (let round = 0; round < 1000; round++) add("abcd");
		const kept = queue.takeAll();
		const bytes = kept.reduce((sum, batch) => sum + batch.bytes, 0);
		const count = kept.reduce((sum, batch) => sum + batch.count, 0);
		expect(bytes).toBeLessThanOrEqual(3000);
		expect(bytes).toBeGreaterThan(2500);
		expect(count + dropped()).toBe(4000);
	});

	test("hands over what is under way as well, once", () => {
		const { queue, add } = queueOf({ batchSize: 2 });
		add("abc");
		const underWay = queue.take();
		expect(all(queue)).toBe("ab c");
		if (underWay) expect(queue.done(underWay)).toBe(false);
	});
});
