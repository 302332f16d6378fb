import { describe, expect, it } from "vitest";
import { Setup } from "../../src/connections/setup.js";

const PEER = { address: "127.0.0.1", port: 443 };

describe("the setup of a connection", () => {
	it("begins its first attempt where the lookup ended, the others when they are made", () => {
		const setup = new Setup(10);
		setup.lookup = {
			start: 10,
			end: 14,
			name: "table.test",
			question: "",
			custom: false,
			inFlight: 0,
			answers: [],
		};
		expect(setup.beginAttempt(15, PEER)).toEqual({
			number: 1,
			start: 14,
			peer: PEER,
		});
		expect(setup.beginAttempt(16, undefined)).toEqual({ number: 2, start: 16 });
	});

	it("without a lookup begins its first attempt at once", () => {
		expect(new Setup(10).beginAttempt(15, PEER).start).toBe(10);
	});

	it("knows the attempt that is open and the one that connected", () => {
		const setup = new Setup(0);
		const first = setup.beginAttempt(0, PEER);
		expect([setup.openAttempt, setup.connectedAttempt]).toEqual([
			first,
			undefined,
		]);
		Object.assign(first, { end: 1, error: "ECONNREFUSED" });
		expect([setup.openAttempt, setup.connectedAttempt]).toEqual([
			undefined,
			undefined,
		]);
		const second = setup.beginAttempt(1, PEER);
		second.end = 2;
		expect(setup.connectedAttempt).toBe(second);
	});

	it("when it fails closes what is open, and only that, once", () => {
		const setup = new Setup(0);
		const attempt = setup.beginAttempt(0, PEER);
		attempt.end = 3;
		setup.handshake = { start: 3 };
		setup.fail(9, "ECONNRESET");
		setup.fail(12, "late");
		expect(setup).toMatchObject({ end: 9, error: "ECONNRESET" });
		expect(setup.handshake).toEqual({
			start: 3,
			end: 9,
			error: "ECONNRESET",
		});
		expect(attempt).toEqual({ number: 1, start: 0, end: 3, peer: PEER });
	});
});
