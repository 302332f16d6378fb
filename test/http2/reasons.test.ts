import { expect } from "vitest";
import { lastClaim, stage } from "../reasons/stages.js";
import { trace } from "../support/scenario.js";
import { refusingPort } from "../support/server.js";
import { describeBoth } from "./fixture.js";

const NO_POOL = [undefined, undefined, undefined, undefined];

describeBoth("reasons for a new session", ({ test }) => {
	test("the server announced the end", async ({ serve }) => {
		const server = await serve();
		const run = await trace(
			server,
			async ({ http2, origin, answered, once, sleep }) => {
				for (const [code, name] of [
					[0, "clean"],
					[11, "calm"],
				]) {
					const session = http2.connect(origin);
					session.on("error", () => {});
					await answered(session.request({ ":path": `/x/0/${name}` }));
					const closed = once(session, "close");
					await answered(
						session.request({ ":path": `/goaway/${code}/${name}` }),
					);
					await closed;
					await sleep(20);
					const next = http2.connect(origin);
					await answered(next.request({ ":path": `/x/0/${name}` }));
					next.close();
					await once(next, "close");
				}
			},
		);
		expect(lastClaim(run, "clean")).toEqual({
			reason: "server_goaway",
			detail: expect.stringMatching(
				/^idle \d+ ms, the server sent GOAWAY \(NO_ERROR, last stream 3\)$/,
			),
			contributing: [],
			previous: 0,
			pool: NO_POOL,
		});
		expect(lastClaim(run, "calm")).toMatchObject({
			reason: "server_goaway",
			detail: expect.stringMatching(
				/the server sent GOAWAY \(ENHANCE_YOUR_CALM, last stream 3\)$/,
			),
			previous: 0,
		});
	});

	test("the server announced the end under a request", async ({ serve }) => {
		const server = await serve();
		const run = await trace(
			server,
			async ({ http2, origin, answered, once }) => {
				const session = http2.connect(origin);
				const slow = answered(
					session.request({ ":path": "/goaway-first/80/a" }),
				);
				await once(session, "goaway");
				const next = http2.connect(origin);
				await answered(next.request({ ":path": "/x/0/a" }));
				next.close();
				await slow;
			},
		);
		expect(stage(run, "a")).toEqual([
			expect.objectContaining({ reason: "first_connection" }),
			{
				reason: "server_goaway",
				detail: "the server sent GOAWAY (NO_ERROR, last stream 1)",
				contributing: [],
				previous: 0,
				pool: NO_POOL,
			},
		]);
		expect(run.requests.map(({ error }) => error)).toEqual([false, false]);
	});

	test("the connection ended while idle", async ({ serve }) => {
		const server = await serve();
		const run = await trace(
			server,
			async ({ http2, origin, answered, once, sleep }) => {
				for (const how of ["fin", "rst"]) {
					const session = http2.connect(origin);
					session.on("error", () => {});
					const closed = once(session, "close");
					await answered(session.request({ ":path": `/${how}/40/${how}` }));
					await closed;
					await sleep(10);
					const next = http2.connect(origin);
					await answered(next.request({ ":path": `/x/0/${how}` }));
					next.close();
					await once(next, "close");
				}
			},
		);
		expect(lastClaim(run, "fin")).toEqual({
			reason: "peer_closed_idle",
			detail: expect.stringMatching(/^idle \d+ ms, closed by the server$/),
			contributing: [],
			previous: 0,
			pool: NO_POOL,
		});
		expect(lastClaim(run, "rst")).toMatchObject({
			reason: "peer_reset_idle",
			detail: expect.stringMatching(/^idle \d+ ms, reset by the server$/),
			previous: 0,
		});
	});

	test("the program closed the session", async ({ serve }) => {
		const server = await serve();
		const run = await trace(
			server,
			async ({ http2, origin, answered, once }) => {
				for (const how of ["close", "destroy"] as const) {
					for (let n = 0; n < 2; n++) {
						const session = http2.connect(origin);
						await answered(session.request({ ":path": `/x/0/${how}` }));
						await answered(session.request({ ":path": `/x/0/${how}` }));
						const closed = once(session, "close");
						session[how]();
						await closed;
					}
				}
			},
		);
		for (const how of ["close", "destroy"]) {
			expect(lastClaim(run, how)).toEqual({
				reason: "agent_destroyed",
				detail: "the program closed the HTTP/2 session after 2 requests",
				contributing: [],
				previous: 0,
				pool: NO_POOL,
			});
		}
	});

	test("the session's inactivity limit passed", async ({ serve }) => {
		const server = await serve();
		const run = await trace(
			server,
			async ({ http2, origin, answered, once }) => {
				const idle = http2.connect(origin);
				await answered(idle.request({ ":path": "/x/0/idle" }));
				idle.setTimeout(60, () => idle.destroy());
				await once(idle, "close");
				const next = http2.connect(origin);
				await answered(next.request({ ":path": "/x/0/idle" }));
				next.destroy();
				const busy = http2.connect(origin);
				await once(busy, "connect");
				answered(busy.request({ ":path": "/never/0/busy" })).catch(() => {});
				busy.setTimeout(60, () => busy.destroy());
				await once(busy, "close");
				const last = http2.connect(origin);
				await answered(last.request({ ":path": "/x/0/busy" }));
				last.destroy();
			},
		);
		expect(lastClaim(run, "idle")).toMatchObject({
			reason: "agent_idle_timeout",
			detail: expect.stringMatching(
				/^idle \d+ ms, the client closes after 60 ms$/,
			),
			previous: 0,
		});
		expect(lastClaim(run, "busy")).toMatchObject({
			reason: "socket_timeout",
			detail:
				"the session ran into its inactivity limit of 60 ms with 1 open stream",
			previous: 0,
		});
	});

	test("the connection failed under a request", async ({ serve }) => {
		const server = await serve();
		const run = await trace(
			server,
			async ({ http2, origin, answered, once }) => {
				for (const [path, name] of [
					["/drop-rst/0/first", "first"],
					["/drop/0/fin", "fin"],
				]) {
					const session = http2.connect(origin);
					session.on("error", () => {});
					const closed = once(session, "close");
					answered(session.request({ ":path": path })).catch(() => {});
					await closed;
					const next = http2.connect(origin);
					next.on("error", () => {});
					await answered(next.request({ ":path": `/x/0/${name}` }));
					// A reused connection on which no answer comes: the server may have closed it before.
					const stale = once(next, "close");
					answered(next.request({ ":path": `/drop-rst/0/${name}` })).catch(
						() => {},
					);
					await stale;
					const last = http2.connect(origin);
					await answered(last.request({ ":path": `/x/0/${name}` }));
					last.destroy();
				}
			},
		);
		const [, afterReset, , afterStale] = stage(run, "first");
		expect(afterReset).toMatchObject({ reason: "socket_error", previous: 0 });
		expect(afterStale).toMatchObject({ reason: "stale_reset", previous: 1 });
		const [, afterEnd] = stage(run, "fin");
		expect(afterEnd).toMatchObject({ reason: "socket_error", previous: 0 });
	});

	test("Node could not send a frame", async ({ serve }) => {
		const server = await serve();
		const run = await trace(
			server,
			async ({ http2, origin, answered, once }) => {
				const session = http2.connect(origin);
				session.on("error", () => {});
				await answered(session.request({ ":path": "/x/0/frame" }));
				const closed = once(session, "close");
				const tooMuch = "x".repeat(70_000);
				answered(
					session.request({ ":path": "/x/0/frame", "x-much": tooMuch }),
				).catch(() => {});
				await closed;
				const next = http2.connect(origin);
				await answered(next.request({ ":path": "/x/0/frame" }));
				next.close();
			},
		);
		expect(lastClaim(run, "frame")).toMatchObject({
			reason: "socket_error",
			detail:
				"Node closed the HTTP/2 session, since a frame could not be sent (FRAME_SIZE_ERROR)",
			previous: 0,
		});
	});

	test("the connection never came about", async ({ serve }) => {
		const server = await serve();
		const run = await trace(
			server,
			async ({ http2, origin, answered, once, values: port, sleep }) => {
				const refused = http2.connect(origin.replace(/\d+$/, port));
				refused.on("error", () => {});
				answered(refused.request({ ":path": "/x/0/refused" })).catch(() => {});
				await once(refused, "close");
				const ipv6 = http2.connect(`http://[::1]:${port}`);
				ipv6.on("error", () => {});
				answered(ipv6.request({ ":path": "/x/0/ipv6" })).catch(() => {});
				await once(ipv6, "close");
				const given = http2.connect(origin);
				given.on("error", () => {});
				answered(given.request({ ":path": "/x/0/up" })).catch(() => {});
				given.destroy();
				await once(given, "close");
				await sleep(10);
				const session = http2.connect(origin);
				await answered(session.request({ ":path": "/x/0/up" }));
				session.close();
			},
			{ values: String(await refusingPort()) },
		);
		const [refused, ipv6] = run.requests;
		expect(ipv6?.attributes["url.full"]).toMatch(
			/^http:\/\/\[::1\]:\d+\/x\/0\/ipv6$/,
		);
		expect(refused?.attributes).toMatchObject({
			"error.type": "ECONNREFUSED",
			"conntrace.connection.reused": false,
			"conntrace.connection.reason": "first_connection",
		});
		expect(lastClaim(run, "up")).toMatchObject({ previous: 0 });
	});

	test("another session was there", async ({ serve }) => {
		const server = await serve();
		const run = await trace(
			server,
			async ({ http2, origin, answered, once }) => {
				const open: ReturnType<typeof http2.connect>[] = [];
				const connect = () => {
					const session = http2.connect(origin);
					open.push(session);
					return session;
				};
				await answered(connect().request({ ":path": "/x/0/idle" }));
				const slow = answered(
					open[0]?.request({ ":path": "/delay/60/idle" }) as never,
				);
				await answered(connect().request({ ":path": "/x/0/idle" }));
				await slow;
				for (const session of open) {
					session.close();
					await once(session, "close");
				}
			},
		);
		expect(lastClaim(run, "idle")).toEqual({
			reason: "different_agent",
			detail:
				"another HTTP/2 session to this host was open and carried 1 stream",
			contributing: [],
			previous: undefined,
			pool: NO_POOL,
		});
	});

	test("all sessions are full", async ({ serve }) => {
		const server = await serve({ settings: { maxConcurrentStreams: 2 } });
		const run = await trace(
			server,
			async ({ http2, origin, answered, once }) => {
				const session = http2.connect(origin);
				await once(session, "remoteSettings");
				const busy = [1, 2].map(() =>
					answered(session.request({ ":path": "/delay/60/full" })),
				);
				const second = http2.connect(origin);
				await answered(second.request({ ":path": "/x/0/full" }));
				await Promise.all(busy);
				session.close();
				second.close();
			},
		);
		expect(lastClaim(run, "full")).toEqual({
			reason: "pool_busy",
			detail:
				"1 HTTP/2 session to this host full, at most 2 streams at once allowed",
			contributing: [],
			previous: undefined,
			pool: NO_POOL,
		});
	});
});
