import { describe, expect, it } from "vitest";
import type { Connection } from "../../src/connections/connection.js";
import { HostRecord, Journal } from "../../src/connections/journal.js";
import type { Reason } from "../../src/connections/reason.js";
import { connection } from "./model.js";

function ended(
	record: HostRecord,
	id: string,
	parts: Partial<Connection> = {},
	reason: Reason = "peer_closed_idle",
): Connection {
	const one = Object.assign(
		connection(id),
		{ pool: { agentId: 1, key: "a" } },
		parts,
	);
	record.begin(one);
	one.ending = { at: 1, reason, detail: `${id} ended` };
	record.end(one);
	return one;
}

describe("the record of a host", () => {
	it("knows pools by their keys, and keeps nothing of long ones", () => {
		const record = new HostRecord();
		const secret = "certificate".repeat(20_000);
		const keys = Array.from({ length: 32 }, (_, index) => `${secret}:${index}`);
		for (const [index, key] of keys.entries())
			ended(record, `c-${index}`, { pool: { agentId: 1, key } });
		const found = keys.map((key) => record.lastEndedInPool(1, key)?.id);
		expect(found).toEqual(keys.map((_, index) => `c-${index}`));
		expect(record.lastEndedInPool(1, `${secret}:32`)).toBeUndefined();
		const kept = JSON.stringify(record);
		expect(kept).toContain("c-31 ended");
		expect(kept).not.toContain("certificate");
		expect(kept.length).toBeLessThan(32 * 200);
	});

	it("counts what was begun and knows what is open", () => {
		const record = new HostRecord();
		const one = connection();
		record.begin(one);
		expect([record.begun, record.open.size]).toEqual([1, 1]);
		ended(record, "c-2");
		expect([record.begun, [...record.open]]).toEqual([2, [one]]);
		record.withdraw(one);
		expect([record.begun, record.open.size]).toEqual([1, 0]);
	});

	it("names the last end of a pool that nothing has replaced", () => {
		const record = new HostRecord();
		ended(record, "c-1");
		ended(record, "c-2", {}, "max_free_sockets");
		ended(record, "c-3", { pool: { agentId: 1, key: "b" } });
		ended(record, "c-4", { pool: { agentId: 2, key: "a" } });
		expect(record.lastEndedInPool(1, "a")).toMatchObject({
			id: "c-2",
			reason: "max_free_sockets",
			detail: "c-2 ended",
		});
		record.markReplaced("c-2");
		expect(record.lastEndedInPool(1, "a")?.id).toBe("c-1");
		record.markReplaced("c-1");
		expect(record.lastEndedInPool(1, "a")).toBeUndefined();
		expect(record.lastEndedInPool(1, "b")?.id).toBe("c-3");
		expect(record.lastEnded()?.id).toBe("c-4");
	});

	it("lets a connection that nobody used explain nothing", () => {
		const record = new HostRecord();
		ended(record, "c-1");
		record.markReplaced("c-1");
		ended(record, "c-2", {
			unasked: true,
			decision: {
				reason: "peer_closed_idle",
				detail: "",
				contributing: [],
				previousId: "c-1",
			},
		});
		expect(record.lastEndedInPool(1, "a")?.id).toBe("c-1");
	});

	it("counts each agent once", () => {
		const record = new HostRecord();
		for (const agent of [1, 2, 2, 1]) record.madeBy(agent);
		expect(record.agents).toBe(2);
	});

	it("remembers a bounded number of ends", () => {
		const record = new HostRecord();
		for (let id = 1; id <= 40; id++) ended(record, `c-${id}`);
		for (let id = 40; id > 8; id--) record.markReplaced(`c-${id}`);
		expect(record.lastEndedInPool(1, "a")).toBeUndefined();
	});
});

describe("the journal", () => {
	it("keeps hosts and ports apart", () => {
		const journal = new Journal();
		expect(journal.of("a", 1)).toBe(journal.of("a", 1));
		expect(journal.of("a", 1)).not.toBe(journal.of("a", 2));
		expect(journal.of("a", 1)).not.toBe(journal.of("b", 1));
	});

	it("forgets the oldest of too many hosts, but none with an open connection", () => {
		const journal = new Journal();
		const kept = journal.of("kept", 1);
		kept.begin(connection());
		const forgotten = journal.of("forgotten", 1);
		for (let port = 1; port <= 1000; port++) journal.of("other", port);
		expect(journal.of("kept", 1)).toBe(kept);
		expect(journal.of("forgotten", 1)).not.toBe(forgotten);
	});
});
