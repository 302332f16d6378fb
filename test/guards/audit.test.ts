import { expect, it } from "vitest";
import { unexplained } from "../../scripts/audit.mjs";

const advisory = (name: string, id: string) => ({
	name,
	severity: "high",
	title: "Something",
	url: `https://github.com/advisories/${id}`,
});

const report = JSON.stringify({
	auditReportVersion: 2,
	vulnerabilities: {
		one: { via: [advisory("one", "GHSA-aaaa-bbbb-cccc")] },
		two: { via: ["one", advisory("two", "GHSA-dddd-eeee-ffff")] },
	},
});

it("names what an audit finds and nobody explains", () => {
	expect(
		unexplained(report, "GHSA-dddd-eeee-ffff: it is never called"),
	).toEqual([
		"one: high: Something (https://github.com/advisories/GHSA-aaaa-bbbb-cccc)",
	]);
});

it("is content with explanations, and with no findings", () => {
	expect(
		unexplained(report, "GHSA-dddd-eeee-ffff GHSA-aaaa-bbbb-cccc"),
	).toEqual([]);
	const clean = { auditReportVersion: 2, vulnerabilities: {} };
	expect(unexplained(JSON.stringify(clean), "")).toEqual([]);
});

it("takes an answer that is no audit for none", () => {
	const refusal = { message: "405 Method Not Allowed", error: {} };
	expect(unexplained(JSON.stringify(refusal), "")).toBeUndefined();
});
