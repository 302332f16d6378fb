import { expect, it } from "vitest";
import { findDisagreement } from "../../src/demo/truth.js";

const summary = {
	requests: 5,
	fresh: 2,
	reused: 3,
	dnsLookups: 2,
	setup: 0,
	reasons: [],
};

it("finds nothing when traces and server agree", () => {
	const server = { connections: 2, requests: 5 };
	expect(findDisagreement("v3", summary, server)).toBeUndefined();
});

it.each([
	[{ connections: 3, requests: 5 }, summary],
	[{ connections: 2, requests: 6 }, summary],
	[
		{ connections: 2, requests: 5 },
		{ ...summary, reused: 2 },
	],
])("names the numbers when the server counted %j", (server, traced) => {
	const text = findDisagreement("v3", traced, server);
	expect(text).toContain(
		`v3: the traces show 5 puts on 2 fresh and ${traced.reused} reused connections`,
	);
	expect(text).toContain(
		`the server counted ${server.requests} puts on ${server.connections} connections`,
	);
});
