import { expect } from "vitest";
import { lastClaim, stage } from "../reasons/stages.js";
import { story } from "../support/scenario.js";
import { startSilentServer } from "../support/server.js";
import { childrenOf, isReused, only, setupOf } from "../support/spans.js";
import { describeCopies } from "./clients.js";

describeCopies(
	"pools and clients of undici",
	({ test, trace, secure, client }) => {
		test("requests that wait in the queue of a client", async ({ server }) => {
			const run = await trace(server, async ({ undici, origin, settle }) => {
				const client = new undici.Client(origin);
				const get = async (path: string) => {
					const { body } = await client.request({ path, method: "GET" });
					await body.text();
				};
				await Promise.all([
					get("/delay/30/queue"),
					get("/delay/30/queue"),
					get("/x/0/queue"),
				]);
				await settle();
				await Promise.all([get("/delay/30/again"), get("/x/0/again")]);
				await client.close();
			});
			expect(story(run)).toEqual([
				"first_connection",
				"request 2",
				"request 3",
				"request 4",
				"request 5",
			]);
			const waits = run.requests.map(
				(request) =>
					childrenOf(run.spans, request, "connection.wait")[0]?.attributes,
			);
			const queue = (queued: number) =>
				expect.objectContaining({
					"conntrace.pool.free": 0,
					"conntrace.pool.busy": 1,
					"conntrace.pool.queued": queued,
				});
			expect(waits).toEqual([
				undefined,
				queue(0),
				queue(1),
				undefined,
				queue(0),
			]);
			expect(waits[4]).toMatchObject({ "conntrace.pool.max": 1 });
		});

		test("more requests than a pool may have connections", async ({
			server,
		}) => {
			const run = await trace(server, async ({ undici, origin }) => {
				const pool = new undici.Pool(origin, { connections: 2 });
				await Promise.all(
					[1, 2, 3, 4, 5, 6].map(async () => {
						const { body } = await pool.request({
							path: "/delay/10/limited",
							method: "GET",
						});
						await body.text();
					}),
				);
				await pool.close();
			});
			expect(server.connections).toHaveLength(2);
			expect(run.requests).toHaveLength(6);
			expect(run.requests.filter(isReused)).toHaveLength(4);
		});

		test("an agent for each request, one right after the other", async ({
			server,
		}) => {
			const run = await trace(server, async ({ undici, origin }) => {
				for (let call = 0; call < 3; call++) {
					const dispatcher = new undici.Agent();
					const { body } = await undici.request(`${origin}/x/0/calls`, {
						dispatcher,
					});
					await body.text();
				}
			});
			expect(story(run)).toEqual([
				"first_connection",
				"different_agent",
				"different_agent",
			]);
		});

		test("several agents", async ({ server }) => {
			const run = await trace(server, async ({ undici, fetchAnswer }) => {
				const agents = [1, 2, 3, 4].map(() => new undici.Agent());
				for (const dispatcher of agents)
					await fetchAnswer("/x/0/agents", { dispatcher });
				const [first, second] = agents;
				await Promise.all([
					fetchAnswer("/delay/50/both", { dispatcher: first }),
					fetchAnswer("/delay/50/both", { dispatcher: second }),
				]);
				await fetchAnswer("/x/0/both", { dispatcher: second });
				await Promise.all(agents.map((agent) => agent.close()));
			});
			const [first, ...later] = stage(run, "agents");
			expect(first).toMatchObject({ reason: "first_connection" });
			for (const claim of later)
				expect(claim).toMatchObject({
					reason: "different_agent",
					detail: expect.stringMatching(/idle for \d+ ms in another agent/),
					pool: [0, 0, 0, undefined],
				});
			expect(stage(run, "both")).toEqual([
				"request 2",
				"request 2",
				"request 3",
			]);
			expect(run.requests[3]?.attributes["conntrace.findings"]).toEqual([
				"client_per_call",
			]);
		});

		test("a pool that replaces its clients when they are old", async ({
			server,
		}) => {
			const run = await trace(
				server,
				async ({ undici, origin, sleep, settle }) => {
					const pool = new undici.Pool(origin, { clientTtl: 50 });
					for (let call = 1; call <= 2; call++) {
						const { body } = await pool.request({
							path: "/x/0/ttl",
							method: "GET",
						});
						await body.text();
						await settle();
						await sleep(100);
					}
					await pool.close();
				},
			);
			// undici 6 does not know the option.
			if (client === "undici-6") expect(stage(run, "ttl")[1]).toBe("request 2");
			else
				expect(lastClaim(run, "ttl")).toMatchObject({
					reason: "agent_destroyed",
					detail: expect.stringContaining("clientTtl"),
					previous: 0,
				});
		});

		test("several requests on their way at once", async ({ server }) => {
			const run = await trace(server, async ({ undici, origin, settle }) => {
				const client = new undici.Client(origin, { pipelining: 3 });
				const get = async (path: string) => {
					const { body } = await client.request({ path, method: "GET" });
					await body.text();
				};
				await get("/x/0/first");
				await settle();
				await Promise.all([
					get("/delay/30/piped"),
					get("/x/0/piped"),
					get("/x/0/piped"),
				]);
				await get("/x/0/last");
				await client.close();
			});
			expect(server.connections).toHaveLength(1);
			expect(story(run)).toEqual([
				"first_connection",
				"request 2",
				"request 3",
				"request 4",
				"request 5",
			]);
		});

		test("each attempt of a retried request", async ({ server }) => {
			const run = await trace(server, async ({ undici, origin }) => {
				const agent = new undici.RetryAgent(new undici.Agent(), {
					maxRetries: 2,
					minTimeout: 10,
					statusCodes: [503],
				});
				const { body } = await agent
					.request({ origin, path: "/status/503/retry", method: "GET" })
					.catch(() => ({ body: undefined }));
				await body?.text();
				await agent.close();
			});
			expect(
				run.requests.map(
					({ attributes }) => attributes["http.response.status_code"],
				),
			).toEqual([503, 503, 503]);
		});

		test("every way to send a request", async ({ server }) => {
			const run = await trace(server, async ({ undici, origin, settle }) => {
				const { Writable } = process.getBuiltinModule("node:stream");
				const { text } = process.getBuiltinModule("node:stream/consumers");
				const dispatcher = new undici.Agent();
				await undici.stream(
					`${origin}/x/0/stream`,
					{ method: "GET", dispatcher },
					() => new Writable({ write: (_chunk, _encoding, done) => done() }),
				);
				await settle();
				const piped = undici.pipeline(
					`${origin}/read/0/pipeline`,
					{ method: "POST", dispatcher },
					({ body }) => body,
				);
				piped.end("sent");
				await text(piped);
				await settle();
				await dispatcher.close();
				const balanced = new undici.BalancedPool(origin);
				const { body } = await balanced.request({
					path: "/x/0/balanced",
					method: "GET",
				});
				await body.text();
				await balanced.close();
			});
			expect(story(run)).toEqual([
				"first_connection",
				"request 2",
				"agent_destroyed",
			]);
		});

		test("connectors of the program", async ({ server }) => {
			const run = await trace(
				server,
				async ({ undici, sleep, fetchAnswer }) => {
					const connect = undici.buildConnector({});
					const dispatcher = new undici.Agent({
						connect: async (options, callback) => {
							await sleep(10);
							const elsewhere = { ...options, hostname: "127.0.0.1" };
							connect({ ...elsewhere, servername: "localhost" }, callback);
						},
					});
					await Promise.all([
						fetchAnswer(`/delay/30/custom`, { dispatcher }),
						fetchAnswer(`/delay/30/custom`, { dispatcher }),
					]);
					await fetchAnswer("/x/0/custom", { dispatcher });
					await dispatcher.close();
					await fetchAnswer("/x/0/custom");
				},
			);
			const [first, , ...later] = stage(run, "custom");
			expect(first).toMatchObject({ reason: "first_connection" });
			expect(later).toEqual([
				"request 2",
				expect.objectContaining({ reason: "agent_destroyed" }),
			]);
			for (const request of run.requests.filter((span) => !isReused(span)))
				expect(setupOf(run.spans, request).attributes).toMatchObject({
					"server.address": "localhost",
				});
		});

		test("the table of a call to DynamoDB", async ({ server }) => {
			const run = await trace(server, async ({ undici, origin }) => {
				const { body } = await undici.request(origin, {
					method: "POST",
					headers: { "x-amz-target": "DynamoDB_20120810.PutItem" },
					body: JSON.stringify({ TableName: "events", Item: {} }),
				});
				await body.text();
			});
			expect(only(run.requests)).toMatchObject({
				name: "DynamoDB.PutItem",
				attributes: { "aws.dynamodb.table_names": ["events"] },
			});
		});

		test("connections that leave their client", async ({ server }) => {
			const target = await startSilentServer();
			const run = await trace(
				server,
				async ({ undici, origin, values: { target } }) => {
					const client = new undici.Client(origin);
					const { socket } = await client.upgrade({
						path: "/x/0/left",
						protocol: "echo",
					});
					const tunnel = await client.connect({ path: `localhost:${target}` });
					const { body } = await client.request({
						path: "/x/0/left",
						method: "GET",
					});
					await body.text();
					socket.destroy();
					tunnel.socket.destroy();
					await client.close();
				},
				{ values: { target: target.port } },
			);
			await target.close();
			expect(story(run)).toEqual(["first_connection", "upgraded", "upgraded"]);
			expect(run.requests.map(({ name }) => name)).toEqual([
				"GET",
				"CONNECT",
				"GET",
			]);
		});

		if (secure)
			test("a client that is asked for another server name", async ({
				server,
			}) => {
				const run = await trace(server, async ({ undici, origin, settle }) => {
					const client = new undici.Client(origin);
					for (const options of [{}, {}, { servername: "localhost" }]) {
						const { body } = await client.request({
							path: "/x/0/name",
							method: "GET",
							...options,
						});
						await body.text();
						await settle();
					}
					await client.close();
				});
				expect(stage(run, "name")[1]).toBe("request 2");
				expect(lastClaim(run, "name")).toMatchObject({
					reason: "pool_key_mismatch",
					detail: expect.stringContaining("another server name"),
					previous: 0,
				});
			});
	},
);
