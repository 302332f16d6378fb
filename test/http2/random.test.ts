import { expect } from "vitest";
import { trace } from "../support/scenario.js";
import { describeBoth } from "./fixture.js";

/** Fixed, so that a failure can be repeated. */
const SEEDS = [1, 2, 3];

describeBoth("random use of sessions", ({ test }) => {
	for (const seed of SEEDS) {
		test(`agrees with the server, seed ${seed}`, async ({ serve }) => {
			const server = await serve({ settings: { maxConcurrentStreams: 4 } });
			const { requests } = await trace(
				server,
				async ({ http2, origin, sleep, once, values }) => {
					let state = values;
					// Park and Miller's generator.
					const random = (below: number) => {
						state = (state * 48_271) % 2_147_483_647;
						return state % below;
					};
					const connect = async () => {
						const session = http2.connect(origin);
						session.on("error", () => {});
						// What is sent before the server has said what it allows, it may refuse without a word to its program.
						await once(session, "remoteSettings");
						return session;
					};
					const paths = [
						...["/a", "/delay/5", "/delay/20", "/status/503", "/trailers"],
						...["/reset/7", "/half/2", "/hints/5", "/goaway/0", "/echo"],
					];
					const sessions = [await connect(), await connect(), await connect()];
					const closed: Promise<unknown>[] = [];
					for (let step = 0; step < 150; step++) {
						const at = random(3);
						const session = sessions[at];
						if (!session || session.closed || session.destroyed) {
							sessions[at] = await connect();
							continue;
						}
						const stream = session.request({
							":path": `${paths[random(paths.length)]}?step=${step}`,
						});
						stream.on("error", () => {}).resume();
						closed.push(once(stream, "close"));
						const fate = random(15);
						if (fate === 0) setTimeout(() => session.close(), random(20));
						if (fate === 1) setTimeout(() => session.destroy(), random(20));
						if (random(4) === 0) await sleep(random(15));
					}
					await Promise.all(closed);
					for (const session of sessions) session.destroy();
				},
				{ values: seed },
			);
			expect(requests.length).toBeGreaterThan(80);
			for (const { attributes } of requests) {
				expect(attributes["conntrace.connection.reason"]).not.toBe("unknown");
			}
		});
	}
});
