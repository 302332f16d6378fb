import { expect, test } from "vitest";
import { Roster } from "../../src/connections/roster.js";

const items = (count: number) =>
	Array.from({ length: count }, (_, name) => ({ name, place: -1 }));

test("holds what was added and not deleted, each once, whatever the order", () => {
	const roster = new Roster<{ name: number; place: number }>();
	const all = items(20);
	const expected = new Set<(typeof all)[number]>();
	for (let step = 0; step < 1000; step++) {
		const item = all[(step * step + step) % 20] as (typeof all)[number];
		if (step % 3 === 0) {
			roster.delete(item);
			expected.delete(item);
		} else {
			roster.add(item);
			expected.add(item);
		}
		expect(new Set(roster)).toEqual(expected);
		expect(roster.size).toBe(expected.size);
	}
});
