import { expect, it } from "vitest";
import { tracedHosts } from "../../src/agent/hosts.js";
import { Random } from "../generator/random.js";

it.each([
	[undefined, undefined, "any.test", true],
	["", " , ", "any.test", true],
	["a.test", undefined, "a.test", true],
	["a.test", undefined, "A.TEST", true],
	["a.test", undefined, "aXtest", false],
	["a.test", undefined, "b.a.test", false],
	["*.amazonaws.com", undefined, "dynamodb.eu-west-1.amazonaws.com", true],
	["*.amazonaws.com", undefined, "amazonaws.com", false],
	["*.amazonaws.com", undefined, "x.amazonaws.com.evil.test", false],
	["a.test, b.test", undefined, "b.test", true],
	[undefined, "169.254.*", "169.254.169.254", false],
	[undefined, "169.254.*", "10.0.0.1", true],
	["*.test", "b.*", "b.test", false],
	["[::1]", undefined, "[::1]", true],
	["*", undefined, "any.test", true],
	["a*b*b", undefined, "ab", false],
	["a*b*b", undefined, "abb", true],
	["*.b.*.d", undefined, "a.b.b.c.d", true],
	["*.b.*.d", undefined, "a.b.d", false],
])(
	"of hosts %s without %s: %s is traced: %s",
	(included, ignored, host, traced) => {
		expect(tracedHosts(included, ignored)(host)).toBe(traced);
	},
);

it("matches as a regular expression of the same glob does", () => {
	const random = new Random(Number(process.env.CONNTRACE_TEST_SEED ?? 1));
	const text = (alphabet: string, most: number) =>
		Array.from({ length: random.upTo(most) }, () =>
			random.pick([...alphabet]),
		).join("");
	for (let round = 0; round < 5000; round++) {
		const glob = text("a*b.", 6);
		const host = text("ab.", 8);
		const pattern = glob.replaceAll(".", "\\.").replaceAll("*", ".*");
		expect(`${glob} ${host} ${tracedHosts(glob, undefined)(host)}`).toBe(
			`${glob} ${host} ${new RegExp(`^${pattern}$`).test(host)}`,
		);
	}
});

it("is over at once with any number of stars", () => {
	const host = "a".repeat(100_000);
	const glob = `${"*a".repeat(5000)}*b*a`;
	expect(tracedHosts(glob, undefined)(host)).toBe(false);
	expect(tracedHosts(undefined, glob)(host)).toBe(true);
});
