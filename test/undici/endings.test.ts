import { expect } from "vitest";
import {
	CLOSED_IDLE,
	lastClaim,
	NO_POOL_LEFT,
	RESET_IDLE,
	stage,
} from "../reasons/stages.js";
import { refusingPort } from "../support/server.js";
import { errorsOf, requestsOf } from "../support/spans.js";
import { describeClients, describeCopies } from "./clients.js";

describeClients("connections of undici that ended", ({ test, trace }) => {
	test("while idle", async ({ server }) => {
		const run = await trace(server, async ({ fetchAnswer, sleep }) => {
			for (const [name, path] of [
				["fin", "/fin/10"],
				["rst", "/rst/10"],
				["stray", "/stray/10"],
				["limit", "/hint/3"],
			] as const) {
				await fetchAnswer(`${path}/${name}`);
				await sleep(name === "limit" ? 1800 : 150);
				await fetchAnswer(`/x/0/${name}`);
			}
		});
		expect(lastClaim(run, "fin")).toEqual(CLOSED_IDLE);
		expect(lastClaim(run, "rst")).toEqual(RESET_IDLE);
		expect(lastClaim(run, "stray")).toMatchObject({
			reason: "unexpected_data_idle",
			previous: 0,
			pool: NO_POOL_LEFT,
		});
		expect(lastClaim(run, "limit")).toMatchObject({
			reason: "agent_idle_timeout",
			detail: expect.stringMatching(
				/^idle \d+ ms, the client closes after 1000 ms, the server closes after 3000 ms$/,
			),
			previous: 0,
			pool: NO_POOL_LEFT,
		});
	});

	test("with a response", async ({ server }) => {
		const run = await trace(server, async ({ fetchAnswer, sleep }) => {
			for (const [name, path, options] of [
				["close", "/close/0"],
				["head", "/x/0", { method: "HEAD" }],
				["body", "/x/0", { method: "DELETE", body: "unusual" }],
				["hint", "/hint/2"],
				["http10", "/http10/0"],
				["eof", "/eof/0"],
			] as const) {
				await fetchAnswer(`${path}/${name}`, options);
				await sleep(10);
				await fetchAnswer(`/x/0/${name}`);
			}
		});
		const claim = (name: string) => lastClaim(run, name);
		expect(claim("close")).toMatchObject({
			reason: "server_connection_close",
			detail: "the server answered with Connection: close",
			contributing: [],
			previous: 0,
		});
		expect(claim("head")).toMatchObject({
			reason: "client_connection_close",
			detail: expect.stringContaining("HEAD"),
			previous: 0,
		});
		expect(claim("body")).toMatchObject({
			reason: "client_connection_close",
			detail: expect.stringContaining("DELETE request with a body"),
			previous: 0,
		});
		expect(claim("hint")).toMatchObject({
			reason: "server_hint_too_short",
			detail: expect.stringMatching(/timeout=2, .* 2000 ms$/),
			previous: 0,
		});
		for (const name of ["http10", "eof"])
			expect(claim(name)).toMatchObject({
				reason: "server_connection_close",
				detail: expect.stringContaining("HTTP/1.0"),
				previous: 0,
			});
	});

	test("because the program gave up", async ({ server }) => {
		const run = await trace(
			server,
			async ({ undici, origin, diagnostics, fetchAnswer, givingUp }) => {
				const { fetch } = undici ?? globalThis;
				await fetchAnswer("/x/0/aborted");
				const controller = new AbortController();
				const sent = () => setTimeout(() => controller.abort(), 20);
				diagnostics.subscribe("undici:request:bodySent", sent);
				await givingUp(() =>
					fetchAnswer("/never/0/aborted", {
						signal: controller.signal,
					}).catch(() => {}),
				);
				await fetchAnswer("/x/0/aborted");

				const cancelled = await fetch(`${origin}/big/3000000/cancelled`);
				await givingUp(() => cancelled.body?.cancel());
				await fetchAnswer("/x/0/cancelled");
			},
		);
		expect(stage(run, "aborted")[1]).toBe("request 2");
		expect(lastClaim(run, "aborted")).toMatchObject({
			reason: "request_aborted",
			contributing: [],
			previous: 0,
		});
		expect(lastClaim(run, "cancelled")).toMatchObject({
			reason: "response_destroyed",
			contributing: [],
			previous: 0,
		});
	});

	test("under a request", async ({ server }) => {
		const run = await trace(server, async ({ fetchAnswer, sleep }) => {
			for (const [name, path] of [
				["reset", "/drop-rst/0"],
				["closed", "/drop/0"],
				["half", "/half/20"],
			] as const) {
				await fetchAnswer(`/x/0/${name}`);
				await fetchAnswer(`${path}/${name}`).catch(() => {});
				await sleep(10);
				await fetchAnswer(`/x/0/${name}`);
			}
		});
		for (const name of ["reset", "closed"])
			expect(lastClaim(run, name)).toMatchObject({
				reason: "stale_reset",
				contributing: [],
				previous: 0,
			});
		expect(lastClaim(run, "half")).toMatchObject({
			reason: "socket_error",
			detail: expect.stringContaining("UND_ERR_SOCKET"),
			contributing: [],
			previous: 0,
		});
	});
});

describeClients("connections of undici that failed", ({ test, trace }) => {
	test("again and again", async ({ server }) => {
		const refused = await refusingPort();
		const run = await trace(
			server,
			async ({ undici, values: { refused } }) => {
				const { fetch } = undici ?? globalThis;
				for (let call = 1; call <= 2; call++)
					await fetch(`http://127.0.0.1:${refused}/refused`).catch(() => {});
			},
			{ values: { refused } },
		);
		expect(errorsOf(run.requests)).toEqual(["ECONNREFUSED", "ECONNREFUSED"]);
		expect(stage({ requests: requestsOf(run.spans) }, "refused")).toEqual([
			expect.objectContaining({ reason: "first_connection" }),
			expect.objectContaining({
				reason: "connect_failed",
				detail: expect.stringContaining("ECONNREFUSED"),
				previous: 0,
			}),
		]);
	});
});

describeCopies(
	"connections that an undici client closed",
	({ test, trace }) => {
		test("by its own limits", async ({ server }) => {
			const run = await trace(
				server,
				async ({ undici, fetchAnswer, sleep }) => {
					const inPool = async (
						name: string,
						options: object,
						paths = ["/x/0"],
						pause = 10,
					) => {
						const dispatcher = new undici.Agent(options);
						for (const path of paths) {
							await fetchAnswer(`${path}/${name}`, { dispatcher }).catch(
								() => {},
							);
							await sleep(pause);
						}
						await fetchAnswer(`/x/0/${name}`, { dispatcher });
						await dispatcher.close();
					};
					await inPool("idle", { keepAliveMaxTimeout: 60 }, ["/x/0"], 1300);
					const three = ["/x/0", "/x/0", "/x/0"];
					await inPool("count", { maxRequestsPerClient: 2 }, three);
					await inPool("none", { pipelining: 0 });
					await inPool("headers", { headersTimeout: 60 }, ["/x/0", "/never/0"]);
					await inPool("body", { bodyTimeout: 60 }, [
						"/x/0",
						"/slow-body/3000",
					]);
					await inPool("size", { maxResponseSize: 100 }, ["/x/0", "/big/1000"]);
				},
			);
			const claim = (name: string) => lastClaim(run, name);
			expect(claim("idle")).toMatchObject({
				reason: "agent_idle_timeout",
				detail: expect.stringMatching(/^idle \d+ ms, the client closes after /),
				previous: 0,
				pool: NO_POOL_LEFT,
			});
			expect(claim("count")).toMatchObject({
				reason: "max_requests",
				// undici 6 and 7 send one more than they are allowed.
				detail: expect.stringMatching(
					/^[23] requests on the connection, maxRequestsPerClient is 2$/,
				),
				previous: 0,
			});
			expect(claim("none")).toMatchObject({ reason: "keep_alive_disabled" });
			expect(claim("headers")).toMatchObject({
				reason: "socket_timeout",
				detail: expect.stringContaining("UND_ERR_HEADERS_TIMEOUT"),
				previous: 0,
			});
			expect(claim("body")).toMatchObject({
				reason: "socket_timeout",
				detail: expect.stringContaining("UND_ERR_BODY_TIMEOUT"),
				previous: 0,
			});
			expect(claim("size")).toMatchObject({
				reason: "socket_error",
				detail: expect.stringContaining("UND_ERR_RES_EXCEEDED_MAX_SIZE"),
				previous: 0,
			});
		});

		test("because it was asked to", async ({ server }) => {
			const run = await trace(server, async ({ undici, origin, settle }) => {
				const client = new undici.Client(origin);
				const get = async (path: string, options: object = {}) => {
					const { body } = await client.request({
						method: "GET",
						path,
						...options,
					});
					await body.text();
					await settle();
				};
				await get("/x/0/reset", { reset: true });
				await get("/x/0/reset", { headers: { connection: "close" } });
				await get("/x/0/reset");
				await get("/x/0/reset");
				await client.close();
				for (const end of ["close", "destroy"] as const) {
					const agent = new undici.Agent();
					const { body } = await agent.request({
						origin,
						path: `/x/0/${end}`,
						method: "GET",
					});
					await body.text();
					await agent[end]();
					const other = await undici.request(`${origin}/x/0/${end}`);
					await other.body.text();
					await undici.getGlobalDispatcher().close();
					undici.setGlobalDispatcher(new undici.Agent());
				}
			});
			expect(stage(run, "reset")).toEqual([
				expect.objectContaining({ reason: "first_connection" }),
				expect.objectContaining({
					reason: "client_connection_close",
					detail: "the previous request asked for the connection to be closed",
					previous: 0,
					pool: [0, 0, 0, 1],
				}),
				expect.objectContaining({
					reason: "client_connection_close",
					previous: 1,
				}),
				"request 2",
			]);
			for (const end of ["close", "destroy"])
				expect(lastClaim(run, end)).toMatchObject({
					reason: "agent_destroyed",
					previous: 0,
				});
		});
	},
);
