import { expect } from "vitest";
import { story, trace } from "../support/scenario.js";
import {
	childrenOf,
	named,
	only,
	phasesOf,
	setupOf,
} from "../support/spans.js";
import { describeBoth } from "./fixture.js";

describeBoth("requests share a session", ({ test, secure }) => {
	test("one after the other", async ({ serve }) => {
		const server = await serve();
		const { spans, requests, reports } = await trace(
			server,
			async ({ http2, origin, answered, sleep, report }) => {
				const session = http2.connect(origin);
				for (const path of ["/a", "/b", "/c"]) {
					report(await answered(session.request({ ":path": path })));
					await sleep(30);
				}
				session.close();
			},
		);
		expect(reports).toEqual(
			[1, 2, 3].map((number) => ({
				status: 200,
				connection: 1,
				number,
				length: 2,
			})),
		);
		expect(story({ requests })).toEqual([
			"first_connection",
			"request 2",
			"request 3",
		]);
		const [first, second] = requests;
		expect(phasesOf(spans, setupOf(spans, first))).toEqual([
			"dns.lookup",
			"tcp.connect",
			...(secure ? ["tls.handshake"] : []),
		]);
		expect(
			named(spans, "tls.handshake").map(
				({ attributes }) => attributes["tls.next_protocol"],
			),
		).toEqual(secure ? ["h2"] : []);
		for (const { attributes } of requests) {
			expect(attributes["network.protocol.version"]).toBe("2");
			expect(attributes["conntrace.ttfb_ms"]).toBeGreaterThan(0);
		}
		expect(second?.attributes["url.full"]).toBe(`${server.origin}/b`);
		expect(second?.attributes["conntrace.connection.idle_ms"]).toBeGreaterThan(
			20,
		);
		expect(server.streamIds).toEqual([[1, 3, 5]]);
	});

	test("at the same time", async ({ serve }) => {
		const server = await serve();
		const { spans, requests } = await trace(
			server,
			async ({ http2, origin, answered, once }) => {
				const session = http2.connect(origin);
				await answered(session.request({ ":path": "/first" }));
				const slow = answered(session.request({ ":path": "/delay/80" }));
				const quick = [1, 2, 3].map((n) =>
					answered(session.request({ ":path": `/quick/${n}` })),
				);
				await Promise.all([slow, ...quick]);
				session.close();
				await once(session, "close");
			},
		);
		expect(story({ requests })).toEqual([
			"first_connection",
			"request 2",
			"request 3",
			"request 4",
			"request 5",
		]);
		const idle = requests.map(
			({ attributes }) => "conntrace.connection.idle_ms" in attributes,
		);
		expect(idle).toEqual([false, true, false, false, false]);
		expect(named(spans, "connection.wait")).toEqual([]);
	});

	test("made before the session is connected", async ({ serve }) => {
		const server = await serve();
		const { spans, requests } = await trace(
			server,
			async ({ http2, origin, answered }) => {
				const session = http2.connect(origin);
				await Promise.all(
					["/a", "/b", "/c"].map((path) =>
						answered(session.request({ ":path": path })),
					),
				);
				session.close();
			},
		);
		expect(story({ requests })).toEqual([
			"first_connection",
			"request 2",
			"request 3",
		]);
		const [first, second, third] = requests;
		const setup = setupOf(spans, first);
		for (const request of [second, third]) {
			if (!request) throw new Error("no such request");
			expect(only(request.links).spanId).toBe(setup.spanId);
			const wait = only(childrenOf(spans, request, "connection.wait"));
			expect(wait.end).toBeGreaterThanOrEqual(setup.end);
			expect(wait.attributes["conntrace.connection.reason_detail"]).toBe(
				"the connection is being made for an earlier request",
			);
			expect(request.attributes["conntrace.connection.age_ms"]).toBe(undefined);
		}
	});

	test("more than the server allows at once", async ({ serve }) => {
		const server = await serve({ settings: { maxConcurrentStreams: 2 } });
		const { spans, requests } = await trace(
			server,
			async ({ http2, origin, answered, once }) => {
				const session = http2.connect(origin);
				await once(session, "remoteSettings");
				await Promise.all(
					[1, 2, 3, 4, 5].map((n) =>
						answered(session.request({ ":path": `/delay/40/${n}` })),
					),
				);
				session.close();
			},
		);
		expect(
			requests.map(({ attributes }) => [
				attributes["conntrace.connection.request_number"],
				attributes["conntrace.pool.busy"],
				attributes["conntrace.pool.queued"],
				attributes["conntrace.pool.max"],
			]),
		).toEqual([
			[1, undefined, undefined, undefined],
			[2, undefined, undefined, undefined],
			[3, 2, 0, 2],
			[4, 2, 1, 2],
			[5, 2, 2, 2],
		]);
		const waits = named(spans, "connection.wait");
		expect(
			waits.map(
				({ attributes }) => attributes["conntrace.connection.reason_detail"],
			),
		).toEqual(
			Array(3).fill("all 2 streams that the server allows at once are open"),
		);
		// A stream that waited goes to the server when another is over.
		const [, , third] = requests;
		expect(third?.attributes["conntrace.connection.wait_ms"]).toBeGreaterThan(
			30,
		);
		expect(third?.attributes["conntrace.connection.idle_ms"]).toBe(undefined);
	});

	test("more than a hundred before the server has said what it allows", async ({
		serve,
	}) => {
		const server = await serve({ settings: { maxConcurrentStreams: 200 } });
		const { spans, requests } = await trace(
			server,
			async ({ http2, origin, answered }) => {
				const session = http2.connect(origin);
				await Promise.all(
					Array.from({ length: 120 }, () =>
						answered(session.request({ ":path": "/delay/150" })),
					),
				);
				session.close();
			},
		);
		const waits = named(spans, "connection.wait");
		expect(waits).toHaveLength(119);
		const ended = requests.map(({ end }) => end).sort((a, b) => Number(a - b));
		for (const { end } of waits) expect(end < (ended[0] ?? 0n)).toBe(true);
	});

	test("a session that is connected before it is needed", async ({ serve }) => {
		const server = await serve();
		const { spans, requests } = await trace(
			server,
			async ({ http2, origin, answered, once, sleep }) => {
				const session = http2.connect(origin);
				await once(session, "connect");
				await sleep(20);
				await answered(session.request({ ":path": "/late" }));
				session.close();
			},
		);
		const request = only(requests);
		const setup = only(named(spans, "connection.setup"));
		expect(story({ requests })).toEqual(["first_connection"]);
		expect(setup.parentSpanId).toBe(undefined);
		expect(only(request.links).spanId).toBe(setup.spanId);
		expect(request.attributes["conntrace.connection.setup_ms"]).toBe(undefined);
	});
});
