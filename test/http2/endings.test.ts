import { expect } from "vitest";
import { trace } from "../support/scenario.js";
import { errorsOf, only } from "../support/spans.js";
import { describeBoth } from "./fixture.js";

describeBoth("how a stream ends", ({ test }) => {
	test("reset by the server", async ({ serve }) => {
		const server = await serve();
		const { requests, reports } = await trace(
			server,
			async ({ http2, origin, answered, report }) => {
				const session = http2.connect(origin);
				for (const path of [
					"/reset/7",
					"/reset/2",
					"/reset/8",
					"/half/2",
					"/half/8",
					"/ok",
				]) {
					await answered(session.request({ ":path": path })).then(
						({ status }) => report(status),
						({ code }) => report(code),
					);
				}
				session.close();
			},
		);
		expect(reports).toEqual([
			"ERR_HTTP2_STREAM_ERROR",
			"ERR_HTTP2_STREAM_ERROR",
			0,
			"ERR_HTTP2_STREAM_ERROR",
			200,
			200,
		]);
		expect(errorsOf(requests)).toEqual([
			"NGHTTP2_REFUSED_STREAM",
			"NGHTTP2_INTERNAL_ERROR",
			"NGHTTP2_CANCEL",
			"NGHTTP2_INTERNAL_ERROR",
			"NGHTTP2_CANCEL",
			undefined,
		]);
		// The session outlives its streams.
		expect(server.connections).toHaveLength(1);
	});

	test("given up by the program", async ({ serve }) => {
		const server = await serve();
		const { requests } = await trace(
			server,
			async ({ http2, origin, answered, once, sleep }) => {
				const session = http2.connect(origin);
				await answered(session.request({ ":path": "/ok" }));
				const give = async (
					path: string,
					up: (stream: ReturnType<typeof session.request>) => void,
				) => {
					const stream = session.request({ ":path": path });
					stream.on("error", () => {});
					const closed = once(stream, "close");
					if (path.startsWith("/half")) await once(stream, "data");
					else await sleep(20);
					up(stream);
					stream.resume();
					await closed;
				};
				await give("/never/1", (stream) => stream.close());
				await give("/never/2", (stream) => stream.close(8));
				await give("/never/3", (stream) => stream.destroy());
				await give("/never/4", (stream) =>
					stream.destroy(Object.assign(new Error("mine"), { code: "MINE" })),
				);
				await give("/half/9", (stream) => stream.close());
				const signal = AbortSignal.timeout(20);
				const aborted = session.request({ ":path": "/never/5" }, { signal });
				aborted.on("error", () => {});
				await once(aborted, "close");
				session.close();
			},
		);
		expect(errorsOf(requests)).toEqual([
			undefined,
			"aborted",
			"NGHTTP2_CANCEL",
			"aborted",
			"MINE",
			"aborted",
			"ABORT_ERR",
		]);
	});

	test("given up before it was sent", async ({ serve }) => {
		const server = await serve();
		const { requests } = await trace(
			server,
			async ({ http2, origin, answered, once }) => {
				const session = http2.connect(origin);
				const early = session.request({ ":path": "/early" });
				early.destroy();
				await Promise.all([
					once(early, "close"),
					answered(session.request({ ":path": "/sent" })),
				]);
				session.close();
			},
		);
		const [early, sent] = requests;
		expect(early?.attributes["error.type"]).toBe("aborted");
		expect(early?.attributes["conntrace.connection.request_number"]).toBe(
			undefined,
		);
		expect(sent?.attributes["conntrace.connection.request_number"]).toBe(1);
	});

	test("taken along by its session", async ({ serve }) => {
		const server = await serve();
		const { requests } = await trace(
			server,
			async ({ http2, origin, answered, once }) => {
				for (const path of ["/drop", "/drop-rst"]) {
					const session = http2.connect(origin);
					session.on("error", () => {});
					await answered(session.request({ ":path": "/ok" }));
					const closed = once(session, "close");
					answered(session.request({ ":path": path })).catch(() => {});
					await closed;
				}
				const session = http2.connect(origin);
				await answered(session.request({ ":path": "/ok" }));
				answered(session.request({ ":path": "/never" })).catch(() => {});
				session.destroy();
			},
		);
		expect(errorsOf(requests)).toEqual([
			undefined,
			"aborted",
			undefined,
			"ECONNRESET",
			undefined,
			"aborted",
		]);
	});

	test("overtaken by the end of its session", async ({ serve }) => {
		const server = await serve();
		const { requests } = await trace(
			server,
			async ({ http2, origin, answered, once }) => {
				const session = http2.connect(origin);
				await answered(session.request({ ":path": "/ok" }));
				const late = session.request({ ":path": "/late" });
				late.on("error", () => {});
				// GOAWAY is sent before the requests that wait.
				session.close();
				await once(late, "close");
			},
		);
		expect(errorsOf(requests)).toEqual([undefined, "NGHTTP2_REFUSED_STREAM"]);
		// The request behind it reached the server, and did not take it down.
		expect(server.connections[0]?.requests.map(({ path }) => path)).toEqual([
			"/ok",
			"/late",
		]);
	});

	test("what a response may have besides its body", async ({ serve }) => {
		const server = await serve();
		const { requests, reports } = await trace(
			server,
			async ({ http2, origin, answered, once, report }) => {
				const session = http2.connect(origin);
				const hinted = session.request({ ":path": "/hints/40" });
				const early = once(hinted, "headers");
				await answered(hinted);
				report((await early).length > 0);
				const pushes = once(session, "stream");
				await answered(session.request({ ":path": "/push" }));
				const [pushed] = (await pushes) as [typeof hinted];
				pushed.resume();
				const trailed = session.request({ ":path": "/trailers" });
				const trailers = once(trailed, "trailers");
				await answered(trailed);
				const [headers] = (await trailers) as [{ "x-sum": string }];
				report(headers["x-sum"]);
				await answered(session.request({ ":path": "/status/204" }));
				await answered(session.request({ ":path": "/status/404" }));
				await answered(session.request({ ":method": "HEAD", ":path": "/ok" }));
				await new Promise((resolve) => session.ping(resolve));
				session.close();
			},
		);
		expect(reports).toEqual([true, "1"]);
		expect(
			requests.map(({ attributes }) => [
				attributes["http.request.method"],
				attributes["http.response.status_code"],
				attributes["error.type"],
			]),
		).toEqual([
			["GET", 200, undefined],
			["GET", 200, undefined],
			["GET", 200, undefined],
			["GET", 204, undefined],
			["GET", 404, "404"],
			["HEAD", 200, undefined],
		]);
	});

	test("bodies that go both ways at once", async ({ serve }) => {
		const server = await serve();
		const { requests, reports } = await trace(
			server,
			async ({ http2, origin, once, sleep, report }) => {
				const session = http2.connect(origin);
				const stream = session.request({ ":method": "POST", ":path": "/echo" });
				let length = 0;
				stream.on("data", (chunk) => {
					length += chunk.length;
				});
				await once(stream, "response");
				for (let n = 0; n < 3; n++) {
					stream.write(Buffer.alloc(1000));
					await sleep(10);
				}
				stream.end();
				await once(stream, "close");
				report(length);
				session.close();
			},
		);
		expect(reports).toEqual([3000]);
		const { attributes } = only(requests);
		expect(attributes["http.request.method"]).toBe("POST");
		// The response began before the request was fully written.
		expect(attributes["conntrace.ttfb_ms"]).toBe(undefined);
	});
});
