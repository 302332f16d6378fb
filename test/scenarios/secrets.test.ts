import { expect } from "vitest";
import {
	describeBoth,
	judge,
	runScenario,
	trace,
} from "../support/scenario.js";
import { startServer } from "../support/server.js";
import { requestsOf } from "../support/spans.js";

describeBoth("nothing secret is exported", ({ test }) => {
	test("of headers, user information, queries and bodies", async ({
		server,
	}) => {
		const run = await trace(server, async ({ origin, read, client }) => {
			const url = new URL(
				"/path?token=secret-query&empty=&flag&X-Amz-Signature=secret-presigned#secret-fragment",
				origin,
			);
			url.username = "secret-user";
			url.password = "secret-password";
			const agent = new client.Agent({ keepAlive: true });
			for (let call = 1; call <= 2; call++) {
				const request = client.request(url, {
					agent,
					method: "POST",
					headers: {
						cookie: "session=secret-cookie",
						"x-api-key": "secret-key",
						"proxy-authorization": "Bearer secret-proxy",
						"amz-sdk-request": "attempt=1; max=3; secret-sdk-request",
						"x-amz-security-token": "secret-session-token",
						"x-amz-target": "secret-target?",
					},
				});
				request.setHeader("authorization", "Bearer secret-bearer");
				request.end("secret-body");
				await read(request);
			}
			agent.destroy();
		});
		expect(server.requests[0]?.headers.authorization).toBe(
			"Bearer secret-bearer",
		);
		expect(run.requests).toHaveLength(2);
		expect(run.requests[0]?.attributes["url.full"]).toMatch(
			/\/path\?token=REDACTED&empty=(REDACTED)?&flag&X-Amz-Signature=REDACTED$/,
		);
		expect(run.exported).not.toContain("secret");
	});

	test("of requests that fail", async ({ server }) => {
		const run = await runScenario(server, async ({ client, origin, once }) => {
			for (const path of ["/drop?token=secret-query", "/never?a=secret-a"]) {
				const request = client.request(`${origin}${path}`, {
					agent: false,
					headers: { authorization: "Bearer secret-bearer" },
				});
				request.on("error", () => {});
				request.end("secret-body");
				await once(request, "finish");
				request.destroy(new Error("secret-reason"));
				await once(request, "close");
			}
		});
		judge(run, [server]);
		expect(requestsOf(run.spans)).toHaveLength(2);
		expect(run.exported).not.toContain("secret");
	});

	test("of response headers and bodies", async () => {
		const server = await startServer({
			handler: (request, response) => {
				request.resume();
				response.setHeader("set-cookie", "session=secret-cookie");
				response.setHeader("location", "/elsewhere?token=secret-location");
				response.statusMessage = "secret message";
				response.writeHead(302).end("secret-body");
			},
		});
		const run = await trace(server, async ({ get }) => {
			await get("/", { agent: false });
		});
		await server.close();
		expect(run.requests[0]?.attributes["http.response.status_code"]).toBe(302);
		expect(run.exported).not.toContain("secret");
	});

	test("of the options of an agent", async ({ server }) => {
		const run = await trace(server, async ({ client, get }) => {
			const agent = new client.Agent({ keepAlive: true });
			await get("/", { agent });
			// Part of the key under which the agent keeps its connections.
			await get("/", {
				agent,
				passphrase: "secret-passphrase",
				sessionIdContext: "secret-context",
				localAddress: "127.0.0.1",
			});
			agent.destroy();
		});
		expect(run.requests).toHaveLength(2);
		expect(run.exported).not.toContain("secret");
	});
});
