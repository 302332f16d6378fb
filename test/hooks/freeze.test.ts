import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FreezeWatch } from "../../src/hooks/freeze.js";

// Those of the test in place of those that were there at first.
vi.mock("../../src/timers.js", () => ({
	get setTimeout() {
		return globalThis.setTimeout;
	},
	get clearTimeout() {
		return globalThis.clearTimeout;
	},
}));

vi.mock("../../src/clocks.js", () => ({ cpuTime: () => cpu }));

let now: number;
let cpu: number;
let needed: boolean;
let frozen: number[];
let watch: FreezeWatch;

beforeEach(() => {
	vi.useFakeTimers();
	now = 0;
	cpu = 0;
	needed = true;
	frozen = [];
	watch = new FreezeWatch({
		now: () => now,
		guard: (run) => run(),
		needed: () => needed,
		onFrozen: (duration) => frozen.push(duration),
	});
	watch.start();
});

afterEach(() => {
	vi.useRealTimers();
});

/** Time passes, in milliseconds; with all of it spent computing, or none. */
function pass(duration: number, computing: boolean): void {
	now += duration;
	if (computing) cpu += duration;
}

describe("the watch for freezes", () => {
	it("notices in its next beat that the process did not run", () => {
		pass(6000, false);
		vi.runOnlyPendingTimers();
		expect(frozen).toEqual([5000]);
	});

	it("notices at once where a request comes before the beat", () => {
		pass(6000, false);
		watch.check();
		expect(frozen).toEqual([5000]);
		watch.check();
		expect(frozen).toEqual([5000]);
	});

	it("takes no computing for a freeze", () => {
		pass(6000, true);
		watch.check();
		vi.runOnlyPendingTimers();
		expect(frozen).toEqual([]);
	});

	it("takes no small delay for a freeze", () => {
		pass(1400, false);
		watch.check();
		expect(frozen).toEqual([]);
	});

	it("rests when there is nothing to lose, until it is started again", () => {
		needed = false;
		pass(1000, false);
		vi.runOnlyPendingTimers();
		expect(vi.getTimerCount()).toBe(0);
		pass(60_000, false);
		watch.check();
		expect(frozen).toEqual([]);
		watch.start();
		pass(3000, false);
		watch.check();
		expect(frozen).toEqual([2000]);
	});
});
