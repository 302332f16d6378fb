import { expect, it } from "vitest";
import { tracedHosts } from "../../src/agent/hosts.js";

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
])(
	"of hosts %s without %s: %s is traced: %s",
	(included, ignored, host, traced) => {
		expect(tracedHosts(included, ignored)(host)).toBe(traced);
	},
);
