import { describe, expect } from "vitest";
import { type Scenario, test, trace } from "../support/scenario.js";
import { startServer } from "../support/server.js";
import { childrenOf, named, only, type Span } from "../support/spans.js";
import { stallAddress } from "./stalled-addresses.js";

/** What the attempts of a connection tell: address and outcome of each, in order. */
function attemptsOf(spans: readonly Span[]): unknown[] {
	const setup = only(named(spans, "connection.setup"));
	const attempts = childrenOf(spans, setup, "tcp.connect");
	expect(
		attempts.map(({ attributes }) => attributes["conntrace.tcp.attempt"]),
	).toEqual(attempts.map((_, index) => index + 1));
	// One after the other: the next begins when the one before has its outcome.
	for (const [index, attempt] of attempts.slice(1).entries())
		expect(attempt.start).toBeGreaterThanOrEqual(
			(attempts[index]?.end ?? 0n) - 1000n,
		);
	return attempts.map(({ attributes }) => [
		attributes["network.peer.address"],
		attributes["error.type"] ?? "connected",
	]);
}

/** Connects to a name with these addresses and reports how that ended. */
const connect: Scenario<readonly string[]> = async ({
	net,
	port,
	values,
	report,
}) => {
	const socket = net.connect({
		host: "several.test",
		port,
		autoSelectFamily: true,
		autoSelectFamilyAttemptTimeout: 300,
		lookup: (_name, _options, callback) =>
			callback(
				null,
				values.map((address) => ({
					address,
					family: address.includes(":") ? 6 : 4,
				})),
			),
	});
	await new Promise<void>((resolve) => {
		socket.on("connect", () => {
			report(socket.remoteAddress);
			socket.destroy();
		});
		socket.on("error", ({ code, name }: NodeJS.ErrnoException) =>
			report([name, code]),
		);
		socket.on("close", () => resolve());
	});
};

describe.concurrent("a name with several addresses", () => {
	test("the first one answers: there is one attempt", async () => {
		const server = await startServer({ host: "127.0.0.1" });
		const run = await trace(server, connect, {
			values: ["127.0.0.1", "127.0.0.2"],
		});
		await server.close();
		expect(run.reports).toEqual(["127.0.0.1"]);
		expect(attemptsOf(run.spans)).toEqual([["127.0.0.1", "connected"]]);
		expect(
			only(named(run.spans, "dns.lookup")).attributes["dns.answers"],
		).toEqual(["127.0.0.1", "127.0.0.2"]);
	});

	test("two refuse, the third answers", async () => {
		const server = await startServer({ host: "127.0.0.3" });
		const run = await trace(server, connect, {
			values: ["127.0.0.1", "127.0.0.2", "127.0.0.3"],
		});
		await server.close();
		expect(run.reports).toEqual(["127.0.0.3"]);
		expect(attemptsOf(run.spans)).toEqual([
			["127.0.0.1", "ECONNREFUSED"],
			["127.0.0.2", "ECONNREFUSED"],
			["127.0.0.3", "connected"],
		]);
		expect(only(named(run.spans, "connection.setup")).attributes).toMatchObject(
			{ "network.peer.address": "127.0.0.3" },
		);
	});

	test("the families take turns", async () => {
		const server = await startServer({ host: "127.0.0.2" });
		const run = await trace(server, connect, {
			values: ["127.0.0.1", "127.0.0.2", "::1"],
		});
		await server.close();
		expect(run.reports).toEqual(["127.0.0.2"]);
		expect(attemptsOf(run.spans)).toEqual([
			["127.0.0.1", "ECONNREFUSED"],
			// EADDRNOTAVAIL where the machine has no IPv6.
			["::1", expect.stringMatching(/^(ECONNREFUSED|EADDRNOTAVAIL)$/)],
			["127.0.0.2", "connected"],
		]);
	});

	test("one gives no answer: its time is up, and the next one connects", async () => {
		const server = await startServer({ host: "127.0.0.1" });
		const stalled = await stallAddress("127.0.0.2", server.port);
		const run = await trace(server, connect, {
			values: ["127.0.0.2", "127.0.0.1"],
		});
		await Promise.all([server.close(), stalled.close()]);
		expect(run.reports).toEqual(["127.0.0.1"]);
		expect(attemptsOf(run.spans)).toEqual([
			["127.0.0.2", "ETIMEDOUT"],
			["127.0.0.1", "connected"],
		]);
	});

	test("none answers: each attempt says why, the connection as the program hears it", async () => {
		const server = await startServer({ host: "127.0.0.9" });
		const run = await trace({ ...server, connections: [] }, connect, {
			values: ["127.0.0.1", "127.0.0.2"],
		});
		await server.close();
		expect(run.reports).toEqual([["AggregateError", "ECONNREFUSED"]]);
		expect(attemptsOf(run.spans)).toEqual([
			["127.0.0.1", "ECONNREFUSED"],
			["127.0.0.2", "ECONNREFUSED"],
		]);
		expect(
			only(named(run.spans, "connection.setup")).attributes["error.type"],
		).toBe("ECONNREFUSED");
	});

	test("given up while an address does not answer", async () => {
		const stalled = await stallAddress("127.0.0.4");
		const run = await trace(
			{ port: stalled.port, connections: [] },
			async ({ net, port, once }) => {
				const socket = net.connect({ host: "127.0.0.4", port });
				setTimeout(() => socket.destroy(), 100);
				await once(socket, "close");
			},
		);
		await stalled.close();
		expect(attemptsOf(run.spans)).toEqual([["127.0.0.4", "aborted"]]);
	});

	test("without the choice of a family one address is asked for and tried", async () => {
		const server = await startServer({ host: "127.0.0.9" });
		const run = await trace(
			{ ...server, connections: [] },
			async ({ net, port, once }) => {
				const socket = net.connect({
					host: "several.test",
					port,
					autoSelectFamily: false,
					lookup: (_name, _options, callback) => callback(null, "127.0.0.1", 4),
				});
				await once(socket, "error");
			},
		);
		await server.close();
		expect(attemptsOf(run.spans)).toEqual([["127.0.0.1", "ECONNREFUSED"]]);
	});
});
