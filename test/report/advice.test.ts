import { describe, expect, it } from "vitest";
import { FINDING_CODES } from "../../src/connections/findings.js";
import { REASONS } from "../../src/connections/reason.js";
import {
	adviseOnReason,
	FINDING_ADVICE,
	REASON_ADVICE,
} from "../../src/report/advice.js";

/** What can be set or called, as it stands in a program: an option, a call, a header, a variable. */
const SETTING =
	/[a-z]+[A-Z]\w+|\w+\(.*\)|\w+: (true|false|\.\.\.)|Connection: close|[A-Z]+(_[A-Z]+)+/;

describe("advice", () => {
	it.each([
		...Object.entries(REASON_ADVICE),
		...Object.entries(FINDING_ADVICE),
	])("on %s is one sentence, and a change names what to set", (_, advice) => {
		expect(advice.sentence).toMatch(/^[A-Z].*\.$/);
		expect(advice.sentence).not.toMatch(/[a-z]\. [A-Z]/);
		if (advice.change) expect(advice.sentence).toMatch(SETTING);
	});

	it("is there for every reason and every finding, and differs", () => {
		expect(Object.keys(REASON_ADVICE)).toEqual([...REASONS]);
		expect(Object.keys(FINDING_ADVICE)).toEqual([...FINDING_CODES]);
		const sentences = Object.values(REASON_ADVICE).map((a) => a.sentence);
		expect(new Set(sentences).size).toBe(REASONS.length);
	});

	it("says what a change would have saved", () => {
		expect(
			adviseOnReason({
				reason: "keep_alive_disabled",
				...REASON_ADVICE.keep_alive_disabled,
				requests: 7,
				savedMs: 123.45,
			}),
		).toMatch(/ Up to 123\.5 ms of set-up saved in this run \(7 requests\)\.$/);
	});

	it("promises nothing where no setting helps", () => {
		const advice = adviseOnReason({
			reason: "first_connection",
			...REASON_ADVICE.first_connection,
			requests: 1,
		});
		expect(advice).not.toContain("saved");
		expect(advice).toMatch(/ \(1 request\)\.$/);
	});
});
