import { describe, expect, it } from "vitest";
import {
	type FindingFacts,
	findingsOf,
} from "../../src/connections/findings.js";
import { connection, request } from "./model.js";

const found = (facts: Partial<FindingFacts> = {}): string[] =>
	findingsOf({
		request: request(),
		agents: 1,
		requests: 1,
		reuseVariable: undefined,
		...facts,
	}).map(({ code, detail }) => `${code}: ${detail}`);

const SATURATED = {
	pool: { free: 0, busy: 2, queued: 0, max: 2 },
	detail: "every connection carries a request",
	unread: 0,
};

describe("findings", () => {
	it("are none where nothing is amiss", () => {
		expect(found()).toEqual([]);
	});

	it.each([
		[2, 2, false],
		[3, 3, true],
		[3, 4, true],
		[3, 5, false],
		[40, 60, true],
		[40, 61, false],
	])(
		"%i agents for %i requests: a client per call is %s",
		(agents, requests, expected) => {
			expect(found({ agents, requests })).toEqual(
				expected
					? [
							`client_per_call: ${agents} agents or clients for ${requests} requests to table.test`,
						]
					: [],
			);
		},
	);

	it.each([
		["aws-sdk-js/3.1169.0 ua/2.1", "1", /does not read it$/],
		["aws-sdk-nodejs/2.1693.0 linux", "true", /only with the value 1$/],
		["aws-sdk-nodejs/2.1693.0 linux", "1", undefined],
		["aws-sdk-js/3.1169.0 ua/2.1", undefined, undefined],
		["curl/8", "1", undefined],
	])("%s with the variable %s", (userAgent, reuseVariable, detail) => {
		const findings = found({
			request: request({ headers: { "user-agent": userAgent } }),
			reuseVariable,
		});
		expect(findings).toEqual(
			detail
				? [
						expect.stringMatching(
							`^reuse_variable_without_effect: .*${detail.source}`,
						),
					]
				: [],
		);
	});

	it("a wait for one of all allowed connections", () => {
		const waiting = request();
		waiting.wait = SATURATED;
		expect(found({ request: waiting })).toEqual([
			"max_sockets_saturated: requests wait while all 2 connections that maxSockets allows are in use",
		]);
		const { max: _, ...unlimited } = SATURATED.pool;
		waiting.wait = { ...SATURATED, pool: unlimited };
		expect(found({ request: waiting })).toEqual([]);
	});

	it("a wait for a stream is no matter of maxSockets", () => {
		const waiting = request();
		waiting.wait = SATURATED;
		waiting.connection = connection();
		waiting.connection.maxStreams = 2;
		expect(found({ request: waiting })).toEqual([]);
	});

	it("responses that nobody reads, behind a wait and behind a fresh connection", () => {
		const waiting = request();
		waiting.wait = { ...SATURATED, unread: 1, detail: "1 of 2 held" };
		expect(found({ request: waiting })).toContain(
			"responses_unread: 1 of 2 held",
		);
		const fresh = request();
		fresh.decision = {
			reason: "body_unconsumed",
			detail: "2 connections held",
			contributing: [],
		};
		expect(found({ request: fresh })).toEqual([
			"responses_unread: 2 connections held",
		]);
	});

	it.each([
		["none", 5000, true],
		["set", 5000, false],
		["none", undefined, false],
	] as const)(
		"an agent whose idle limit is %s facing a server's of %s ms",
		(limit, idleLimit, expected) => {
			const fresh = request();
			fresh.caused = connection();
			fresh.caused.clientIdleLimit = limit;
			fresh.caused.hints = { statusCode: 200, httpVersion: "1.1", idleLimit };
			expect(found({ request: fresh })).toEqual(
				expected
					? [
							"no_client_idle_limit: the server closes idle connections after 5000 ms, and the agent has no idle limit of its own",
						]
					: [],
			);
		},
	);
});
