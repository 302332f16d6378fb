import { describe, expect, inject } from "vitest";
import { lastClaim, testedNode } from "../reasons/stages.js";
import { startHttp2Server } from "../support/http2-server.js";
import { story, test, trace } from "../support/scenario.js";

/** The built-in fetch speaks HTTP/2 of itself since Node 26. */
const COPIES = ["undici-7", ...(testedNode >= 26 ? [undefined] : [])];

for (const undici of COPIES) {
	describe.concurrent(`${undici ?? "the built-in fetch"} over HTTP/2`, () => {
		test("shares one session until the server ends it", async () => {
			const server = await startHttp2Server({
				certificate: inject("certificate"),
			});
			const run = await trace(
				server,
				async ({ origin, sleep, undici }) => {
					const dispatcher =
						undici &&
						new undici.Client(origin, {
							allowH2: true,
							pipelining: 10,
						});
					const get = async (path: string) => {
						const response = await (undici ?? globalThis).fetch(origin + path, {
							dispatcher,
						} as object);
						await response.text();
					};
					await get("/a/0/s");
					await Promise.all([get("/delay/60/s"), get("/b/0/s")]);
					await get("/goaway/0/s");
					await sleep(120);
					await get("/c/0/s");
					await dispatcher?.close();
				},
				{ values: { undici } },
			);
			await server.close();
			expect(story(run)).toEqual([
				"first_connection",
				"request 2",
				"request 3",
				"request 4",
				"server_goaway",
			]);
			expect(lastClaim(run, "s").detail).toMatch(
				/the server sent GOAWAY \(NO_ERROR, last stream \d+\)$/,
			);
			for (const { attributes } of run.requests) {
				expect(attributes["network.protocol.version"]).toBe("2");
				expect(attributes["http.response.status_code"]).toBe(200);
			}
			const idle = run.requests.map(
				({ attributes }) => "conntrace.connection.idle_ms" in attributes,
			);
			expect(idle).toEqual([false, true, false, true, false]);
		});
	});
}

test("undici 6 over HTTP/2, which does not announce what it sends", async () => {
	const server = await startHttp2Server({ certificate: inject("certificate") });
	const run = await trace(
		server,
		async ({ origin, undici }) => {
			const dispatcher = new undici.Agent({ allowH2: true });
			for (const path of ["/a", "/b"]) {
				const response = await undici.fetch(origin + path, { dispatcher });
				await response.text();
			}
			await dispatcher.close();
		},
		{
			values: { undici: "undici-6" },
			// It says that this is experimental.
			environment: { NODE_NO_WARNINGS: "1" },
		},
	);
	await server.close();
	expect(story(run)).toEqual(["first_connection", "request 2"]);
});
