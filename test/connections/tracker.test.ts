import { beforeEach, describe, expect, it } from "vitest";
import type { Connection } from "../../src/connections/connection.js";
import type { FreshRequest } from "../../src/connections/evidence.js";
import type { Request } from "../../src/connections/request.js";
import { ConnectionTracker } from "../../src/connections/tracker.js";
import { exchange, HOST } from "./model.js";

const POOL = { agentId: 1, key: "table.test:443:" };
const SNAPSHOT = { free: 0, busy: 0, queued: 0 };
const ENDED = { activity: "idle", agentDestroyed: false } as const;

let now: number;
let tracker: ConnectionTracker;
let told: string[];

beforeEach(() => {
	now = 1000;
	told = [];
	const tell = (what: string) => () => {
		told.push(what);
	};
	tracker = new ConnectionTracker({
		now: () => now,
		threads: () => 4,
		idleTime: () => 0,
		idPrefix: "p",
		reuseVariable: undefined,
		serviceOf: () => undefined,
		listener: {
			requestAssigned: tell("assigned"),
			requestEnded: tell("ended"),
			setupEnded: tell("set up"),
			connectionEnded: tell("gone"),
			lookupEnded: tell("looked up"),
		},
	});
});

const fresh = (parts: Partial<FreshRequest> = {}): FreshRequest => ({
	pool: POOL,
	snapshot: SNAPSHOT,
	agentKeepAlive: true,
	tlsOfOneRequest: false,
	proxyTunnel: false,
	differingOptions: () => "family",
	...parts,
});

const ask = (): Request => tracker.requestCreated(exchange(), undefined);

/** A connection made for a request and ready 30 ms later. */
function connectFor(request: Request, pool = POOL): Connection {
	tracker.decide(request, fresh({ pool }));
	const connection = tracker.connectionBegun(HOST, false, undefined);
	tracker.connectionCaused(connection, request, pool);
	now += 30;
	tracker.setups.connected(connection, undefined, undefined);
	return connection;
}

/** The request takes 5 ms on its connection, which then goes back to its pool. */
function carry(request: Request, connection: Connection): void {
	tracker.requestAssigned(request, connection);
	tracker.requestStarted(request);
	now += 5;
	tracker.requestEnded(request);
	tracker.connectionIdle(connection);
}

describe("what the tracker says of a request", () => {
	it("on a fresh connection, then on the same one reused", () => {
		const first = ask();
		const connection = connectFor(first);
		carry(first, connection);
		expect(first).toMatchObject({ reused: false, number: 1 });
		expect(first.decision).toMatchObject({ reason: "first_connection" });
		now += 100;
		const second = ask();
		carry(second, connection);
		expect(second).toMatchObject({
			reused: true,
			number: 2,
			connectionAge: 105,
			connectionIdle: 100,
		});
		expect(second.decision).toBeUndefined();
		expect(tracker.openRequests.size).toBe(0);
		expect(told).toEqual(["set up", "assigned", "ended", "assigned", "ended"]);
	});

	it("whose connection failed: not reused, and the setup has failed too", () => {
		const request = ask();
		tracker.decide(request, fresh());
		const connection = tracker.connectionBegun(HOST, false, undefined);
		tracker.connectionCaused(connection, request, POOL);
		tracker.setups.failed(connection, "ECONNREFUSED");
		tracker.connectionDestroyed(connection, {
			...ENDED,
			activity: "connecting",
			error: "ECONNREFUSED",
		});
		tracker.requestEnded(request, "ECONNREFUSED");
		expect(request).toMatchObject({ reused: false, error: "ECONNREFUSED" });
		expect(connection.setup.error).toBe("ECONNREFUSED");
		const next = ask();
		connectFor(next);
		expect(next.decision).toMatchObject({
			reason: "connect_failed",
			previousId: connection.id,
		});
	});

	it("that ends twice: the first time counts", () => {
		const request = ask();
		tracker.requestEnded(request);
		now += 50;
		tracker.requestEnded(request, "late");
		expect([request.endedAt, request.error]).toEqual([1000, undefined]);
	});

	it("in a queue: what holds the connections", () => {
		const holder = ask();
		const connection = connectFor(holder);
		tracker.requestAssigned(holder, connection);
		tracker.requestStarted(holder);
		const waiting = ask();
		const pool = { free: 0, busy: 1, queued: 0, max: 1 };
		tracker.requestQueued(waiting, pool, POOL);
		expect(waiting.wait).toEqual({
			pool,
			detail: "every connection carries a request",
			unread: 0,
		});
		holder.respondedAt = now;
		now += 700;
		Object.assign(holder.exchange, { responseUnread: true });
		tracker.requestQueued(waiting, pool, POOL);
		expect(waiting.wait).toMatchObject({
			detail:
				"1 of 1 connections held by responses that nobody reads, the oldest for 700 ms",
			unread: 1,
		});
	});

	it("after a freeze: all of it, once", () => {
		tracker.processFrozen(600);
		tracker.processFrozen(400);
		expect([ask().frozen, ask().frozen]).toEqual([1000, undefined]);
	});
});

describe("why a connection was fresh", () => {
	it("names an end as the reason once, and knows the idle time", () => {
		const first = ask();
		const connection = connectFor(first);
		carry(first, connection);
		now += 4000;
		tracker.connectionDestroyed(connection, { ...ENDED, peer: "ended" });
		const [second, third] = [ask(), ask()];
		connectFor(second);
		expect(second.decision).toMatchObject({
			reason: "peer_closed_idle",
			detail: "idle 4000 ms, closed by the server",
			previousId: connection.id,
		});
		tracker.decide(third, fresh({ snapshot: { ...SNAPSHOT, busy: 1 } }));
		expect(third.decision).toMatchObject({
			reason: "pool_busy",
			contributing: [],
			previousId: undefined,
		});
	});

	it("an idle connection under another key, or in another agent", () => {
		const first = ask();
		carry(first, connectFor(first));
		now += 20;
		const otherKey = ask();
		connectFor(otherKey, { ...POOL, key: "table.test:443::4" });
		expect(otherKey.decision).toMatchObject({
			reason: "pool_key_mismatch",
			detail:
				"a connection of the same agent was idle for 20 ms under another family",
		});
		const otherAgent = ask();
		connectFor(otherAgent, { agentId: 2, key: POOL.key });
		expect(otherAgent.decision).toMatchObject({
			reason: "different_agent",
			contributing: [],
		});
	});

	it("of several idle connections the one that has been idle for the longest", () => {
		const connections = [ask(), ask(), ask()].map((request) => {
			const connection = connectFor(request);
			carry(request, connection);
			return connection;
		});
		// The first is used again, so that the second has waited for the longest.
		carry(ask(), connections[0] as Connection);
		now += 20;
		for (const [pool, detail] of [
			[{ agentId: 2, key: POOL.key }, "was idle for 60 ms in another agent"],
			[{ ...POOL, key: "other" }, "was idle for 60 ms under another family"],
		] as const) {
			const request = ask();
			tracker.decide(request, fresh({ pool }));
			expect(request.decision?.detail).toContain(detail);
		}
	});

	it("an upgraded connection is gone from its pool at once", () => {
		const first = ask();
		const connection = connectFor(first);
		tracker.requestAssigned(first, connection);
		tracker.connectionUpgraded(connection);
		const next = ask();
		connectFor(next);
		expect(next.decision).toMatchObject({ reason: "upgraded" });
	});
});

describe("the pool as it is", () => {
	it("is without the ended connections that its agent still lists", () => {
		const [first, second] = [ask(), ask()];
		const idle = connectFor(first);
		carry(first, idle);
		const busy = connectFor(second);
		tracker.requestAssigned(second, busy);
		const listed = { free: 1, busy: 1, queued: 0, max: 2 };
		expect(tracker.withoutClosing(POOL, listed)).toEqual(listed);
		tracker.connectionDestroyed(idle, ENDED);
		tracker.connectionDestroyed(busy, { ...ENDED, activity: "busy" });
		const none = { ...listed, free: 0, busy: 0 };
		expect(tracker.withoutClosing(POOL, listed)).toEqual(none);
		tracker.connectionClosed(idle);
		tracker.connectionClosed(busy);
		expect(tracker.withoutClosing(POOL, none)).toEqual(none);
		expect(tracker.openConnections).toBe(0);
	});
});
