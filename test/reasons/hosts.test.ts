import { expect } from "vitest";
import { describeBoth, runScenario, trace } from "../support/scenario.js";
import { startSilentServer } from "../support/server.js";
import { requestsOf } from "../support/spans.js";
import { lastClaim, stage } from "./stages.js";

/** The server has two names: `localhost` and its address. */
describeBoth("several hosts", ({ test, secure }) => {
	test("an AWS client that goes to another host name", async ({ server }) => {
		const run = await trace(server, async ({ client, dns, port, read }) => {
			const { address } = await dns.promises.lookup("localhost");
			const agent = new client.Agent({ keepAlive: true });
			for (const host of ["localhost", address, "localhost", address])
				await read(
					client
						.request({
							host,
							port,
							agent,
							method: "POST",
							path: "/x/0/tables",
							headers: {
								"x-amz-target": "DynamoDB_20120810.ListTables",
								authorization:
									"AWS4-HMAC-SHA256 Credential=AKIATESTKEYOFNOBODY0/20261124/eu-west-1/dynamodb/aws4_request, SignedHeaders=host, Signature=00",
							},
						})
						.end(),
				);
			agent.destroy();
		});
		expect(stage(run, "tables")).toEqual([
			expect.objectContaining({ reason: "first_connection" }),
			expect.objectContaining({
				reason: "different_host",
				detail:
					"the same agent has an open connection to localhost for DynamoDB",
				contributing: ["first_connection"],
			}),
			"request 2",
			"request 2",
		]);
	});

	test("a limit for all hosts, of which another host used up the rest", async ({
		server,
	}) => {
		const run = await trace(
			server,
			async ({ client, dns, port, read, sleep }) => {
				const { address } = await dns.promises.lookup("localhost");
				const agent = new client.Agent({ keepAlive: true });
				const ask = (host: string, path: string) =>
					read(client.request({ host, port, agent, path }).end());
				const evicted = ask("localhost", "/delay/100/total");
				const stays = ask(address, "/delay/1000/stays");
				await sleep(50);
				agent.maxTotalSockets = 1;
				await evicted;
				await sleep(20);
				agent.maxTotalSockets = 10;
				await ask("localhost", "/x/0/total");
				await stays;
				agent.destroy();
			},
		);
		expect(lastClaim(run, "total")).toMatchObject({
			reason: "max_total_sockets",
			detail: "2 connections in the agent, maxTotalSockets is 1",
			contributing: [],
			previous: 0,
		});
	});

	test("a server that gives up each connection at once", async ({
		server: _,
	}) => {
		const run = await runScenario(
			{ port: 0, origin: secure ? "https://localhost" : "http://localhost" },
			async ({ client, net, once }) => {
				const server = net.createServer((socket) => socket.destroy());
				server.listen(0, "localhost");
				await once(server, "listening");
				const { port } = server.address() as import("node:net").AddressInfo;
				const agent = new client.Agent({ keepAlive: true });
				for (let call = 1; call <= 2; call++) {
					const sent = client.get({ port, path: "/given-up", agent });
					sent.on("error", () => {});
					await once(sent, "close");
				}
				server.close();
			},
		);
		expect(run.stderr).toBe("");
		expect(stage({ requests: requestsOf(run.spans) }, "given-up")).toEqual([
			expect.objectContaining({ reason: "first_connection" }),
			expect.objectContaining({
				reason: secure ? "connect_failed" : "socket_error",
				detail: expect.stringContaining("ECONNRESET"),
				previous: 0,
			}),
		]);
	});

	test("a server that never answers", async ({ server: _ }) => {
		const silent = await startSilentServer();
		const run = await runScenario(
			{ ...silent, origin: secure ? "https://localhost" : "http://localhost" },
			async ({ client, port, once }) => {
				const agent = new client.Agent({ keepAlive: true });
				for (let call = 1; call <= 2; call++) {
					const sent = client.get({ port, path: "/silent", agent });
					sent.setTimeout(150, () => sent.destroy());
					sent.on("error", () => {});
					await once(sent, "close");
				}
			},
		);
		await silent.close();
		expect(run.stderr).toBe("");
		expect(lastClaim({ requests: requestsOf(run.spans) }, "silent")).toEqual(
			expect.objectContaining(
				secure
					? {
							reason: "request_aborted",
							detail: "its request was aborted while it connected",
							previous: 0,
						}
					: { reason: "socket_timeout", previous: 0 },
			),
		);
	});

	if (secure) return;
	test("HTTP/1.0 that keeps the connection", async ({ server: _ }) => {
		const run = await runScenario(
			{ port: 0, origin: "http://localhost" },
			async ({ client, net, once, read }) => {
				const server = net.createServer((socket) =>
					socket.on("data", () =>
						socket.write(
							"HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 2\r\n\r\nok",
						),
					),
				);
				server.listen(0, "localhost");
				await once(server, "listening");
				const { port } = server.address() as import("node:net").AddressInfo;
				const agent = new client.Agent({ keepAlive: true });
				for (let call = 1; call <= 2; call++)
					await read(client.get({ port, path: "/kept", agent }));
				agent.destroy();
				server.close();
			},
		);
		expect(run.stderr).toBe("");
		expect(stage({ requests: requestsOf(run.spans) }, "kept")[1]).toBe(
			"request 2",
		);
	});
});
