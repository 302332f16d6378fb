import { expect, it } from "vitest";
import { findDisagreement } from "../../src/experiment/truth.js";

it("finds nothing when traces and server agree", () => {
	const server = { connections: 2, requests: 5 };
	expect(
		findDisagreement("v3", { requests: 5, fresh: 2 }, server),
	).toBeUndefined();
});

it.each([
	{ connections: 3, requests: 5 },
	{ connections: 2, requests: 6 },
])("names the numbers when the server counted %j", (server) => {
	expect(findDisagreement("v3", { requests: 5, fresh: 2 }, server)).toBe(
		`v3: the traces show 5 puts and 2 fresh connections, the server counted ${server.requests} and ${server.connections}`,
	);
});
