import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { describe, expect, it } from "vitest";
import type { Connection } from "../../src/connections/connection.js";
import type { Request } from "../../src/connections/request.js";
import { REQUEST_CHANNEL } from "../../src/facts/channel-names.js";
import { factPublisher } from "../../src/facts/channels.js";
import { connection, request } from "../connections/model.js";

/** Counts what is read of an object. */
function counting<T extends object>(target: T): { it: T; reads: () => number } {
	let reads = 0;
	const it = new Proxy(target, {
		get(object, name) {
			reads++;
			return Reflect.get(object, name);
		},
	});
	return { it, reads: () => reads };
}

function over(): { request: Request; connection: Connection } {
	const ended = { request: request(), connection: connection() };
	ended.request.endedAt = 5;
	ended.connection.setup.end = 5;
	return ended;
}

describe("channels without a subscriber", () => {
	it("have nothing read, and so nothing made", () => {
		const ended = over();
		const aRequest = counting(ended.request);
		const aConnection = counting(ended.connection);
		factPublisher.requestEnded?.(aRequest.it);
		factPublisher.setupEnded?.(aConnection.it);
		factPublisher.connectionEnded?.(aConnection.it);
		expect([aRequest.reads(), aConnection.reads()]).toEqual([0, 0]);
	});

	it("stay so while the other one has a subscriber", () => {
		const ended = over();
		const aConnection = counting(ended.connection);
		const published: unknown[] = [];
		const subscriber = (facts: unknown) => published.push(facts);
		subscribe(REQUEST_CHANNEL, subscriber);
		factPublisher.requestEnded?.(ended.request);
		factPublisher.setupEnded?.(aConnection.it);
		unsubscribe(REQUEST_CHANNEL, subscriber);
		factPublisher.requestEnded?.(ended.request);
		expect(published).toEqual([
			{
				method: "GET",
				url: "https://table.test/",
				origin: "https://table.test",
				serverAddress: "table.test",
				serverPort: 443,
				protocolVersion: "1.1",
				startTime: performance.timeOrigin,
				durationMs: 5,
			},
		]);
		expect(aConnection.reads()).toBe(0);
	});
});
