import { expect } from "vitest";
import { describeBoth, story, trace } from "../support/scenario.js";
import {
	duration,
	errorsOf,
	isReused,
	only,
	phasesOf,
	type Span,
	setupOf,
} from "../support/spans.js";

describeBoth("reuse", ({ test, secure }) => {
	test("one connection for requests one after the other", async ({
		server,
	}) => {
		const run = await trace(server, async ({ client, get, sleep }) => {
			const agent = new client.Agent({ keepAlive: true });
			await get("/first", { agent });
			await sleep(60);
			await get("/second", { agent });
			await get("/third", { agent });
			agent.destroy();
		});
		expect(story(run)).toEqual(["first_connection", "request 2", "request 3"]);
		const [first, second, third] = run.requests;
		expect(phasesOf(run.spans, setupOf(run.spans, first))).toEqual(
			secure
				? ["dns.lookup", "tcp.connect", "tls.handshake"]
				: ["dns.lookup", "tcp.connect"],
		);
		const idle = second?.attributes["conntrace.connection.idle_ms"];
		expect(idle).toBeGreaterThan(55);
		expect(second?.attributes["conntrace.connection.age_ms"]).toBeGreaterThan(
			Number(idle),
		);
		// Nothing of the pause before the second request.
		expect(third?.attributes["conntrace.connection.age_ms"]).toBeGreaterThan(
			Number(third?.attributes["conntrace.connection.idle_ms"]) + 60,
		);
	});

	test("the global agent keeps connections", async ({ server }) => {
		const run = await trace(server, async ({ client, get }) => {
			await get("/");
			await get("/");
			client.globalAgent.destroy();
		});
		expect(story(run)).toEqual(["first_connection", "request 2"]);
	});

	test("an agent without keep-alive", async ({ server }) => {
		const run = await trace(server, async ({ client, get }) => {
			const agent = new client.Agent({ keepAlive: false });
			for (let call = 1; call <= 3; call++) await get("/", { agent });
		});
		expect(story(run)).toEqual([
			"first_connection",
			"keep_alive_disabled",
			"keep_alive_disabled",
		]);
	});

	test("an agent without keep-alive but with a limit, which says keep-alive and closes all the same", async ({
		server,
	}) => {
		const run = await trace(server, async ({ client, get }) => {
			const agent = new client.Agent({ keepAlive: false, maxSockets: 50 });
			await get("/", { agent });
			await get("/", { agent });
		});
		expect(server.requests[0]?.headers.connection).toBe("keep-alive");
		expect(story(run)).toEqual(["first_connection", "keep_alive_disabled"]);
	});

	test("the server closes after its response", async ({ server }) => {
		const run = await trace(server, async ({ client, get }) => {
			const agent = new client.Agent({ keepAlive: true });
			await get("/close", { agent });
			await get("/http10", { agent });
			await get("/", { agent });
			await get("/", { agent });
			agent.destroy();
		});
		expect(server.connections).toHaveLength(3);
		expect(run.requests.map(isReused)).toEqual([false, false, false, true]);
	});

	test("the server closes or resets the idle connection", async ({
		server,
	}) => {
		const run = await trace(server, async ({ client, get, sleep }) => {
			const agent = new client.Agent({ keepAlive: true });
			await get("/fin/10", { agent });
			await sleep(80);
			await get("/rst/10", { agent });
			await sleep(80);
			await get("/", { agent });
			agent.destroy();
		});
		expect(server.connections).toHaveLength(3);
		expect(run.requests.map(isReused)).toEqual([false, false, false]);
	});

	test("the agent closes the connection after its idle limit", async ({
		server,
	}) => {
		const run = await trace(server, async ({ client, get, sleep }) => {
			const agent = new client.Agent({ keepAlive: true, timeout: 60 });
			await get("/", { agent });
			await get("/", { agent });
			await sleep(150);
			await get("/", { agent });
			agent.destroy();
		});
		expect(server.connections).toHaveLength(2);
		expect(run.requests.map(isReused)).toEqual([false, true, false]);
	});

	test("an agent that makes its connections in its own time", async ({
		server,
	}) => {
		const run = await trace(
			server,
			async ({ client, net, tls, origin, port, get, sleep }) => {
				const agent = new client.Agent({ keepAlive: true });
				Object.assign(agent, {
					createConnection(
						_options: unknown,
						callback: (error: null, socket: unknown) => void,
					) {
						setTimeout(() => {
							const socket = origin.startsWith("https")
								? tls.connect({ port, host: "localhost" })
								: net.connect({ port, host: "localhost" });
							const ready = origin.startsWith("https")
								? "secureConnect"
								: "connect";
							socket.once(ready, () => callback(null, socket));
						}, 30);
					},
				});
				await get("/", { agent });
				await sleep(10);
				await get("/", { agent });
				agent.destroy();
			},
		);
		expect(server.connections).toHaveLength(1);
		expect(run.requests.map(isReused)).toEqual([false, true]);
	});

	test("a request that asks before it sends its body", async ({ server }) => {
		const run = await trace(server, async ({ request, read }) => {
			const upload = request("/read", {
				agent: false,
				method: "POST",
				headers: { expect: "100-continue" },
			});
			upload.on("continue", () => upload.end("body"));
			upload.flushHeaders();
			await read(upload);
		});
		expect(only(run.requests).attributes["http.response.status_code"]).toBe(
			200,
		);
	});

	test("two agents have connections of their own", async ({ server }) => {
		const run = await trace(server, async ({ client, get }) => {
			const agents = [1, 2].map(() => new client.Agent({ keepAlive: true }));
			for (let round = 1; round <= 2; round++)
				for (const agent of agents) await get("/", { agent });
			for (const agent of agents) agent.destroy();
		});
		expect(run.requests.map(isReused)).toEqual([false, false, true, true]);
		const [first, second, third, fourth] = run.requests.map(
			({ attributes }) => attributes["conntrace.connection.id"],
		);
		expect(first).not.toBe(second);
		expect(third).toBe(first);
		expect(fourth).toBe(second);
	});

	test("parallel requests, then parallel requests on the same connections", async ({
		server,
	}) => {
		const run = await trace(server, async ({ client, get, sleep }) => {
			const agent = new client.Agent({ keepAlive: true });
			for (let round = 1; round <= 2; round++) {
				await Promise.all([1, 2, 3].map(() => get("/delay/40", { agent })));
				await sleep(20);
			}
			agent.destroy();
		});
		expect(server.connections).toHaveLength(3);
		expect(run.requests.map(isReused)).toEqual([
			...[false, false, false],
			...[true, true, true],
		]);
	});

	test("no agent at all", async ({ server }) => {
		const run = await trace(server, async ({ get }) => {
			await get("/", { agent: false });
			await get("/", { agent: false });
		});
		expect(run.requests.map(isReused)).toEqual([false, false]);
	});

	test("a createConnection function of the program", async ({ server }) => {
		const run = await trace(server, async ({ net, tls, get, origin, port }) => {
			const createConnection = () =>
				origin.startsWith("https")
					? tls.connect({ host: "localhost", port, servername: "localhost" })
					: net.connect({ host: "localhost", port });
			await get("/", { createConnection });
			await get("/", { createConnection });
		});
		expect(server.connections).toHaveLength(2);
		expect(run.requests.map(isReused)).toEqual([false, false]);
	});

	test("responses without a body keep their connection", async ({ server }) => {
		const run = await trace(server, async ({ client, get }) => {
			const agent = new client.Agent({ keepAlive: true });
			await get("/status/204", { agent });
			await get("/status/304", { agent });
			await get("/", { agent, method: "DELETE" });
			await get("/", { agent, method: "HEAD" });
			agent.destroy();
		});
		expect(run.requests.map(({ name }) => name)).toEqual([
			...["GET", "GET", "DELETE", "HEAD"],
		]);
		expect(
			run.requests.map(
				({ attributes }) => attributes["http.response.status_code"],
			),
		).toEqual([204, 304, 200, 200]);
		expect(run.requests.map(isReused)).toEqual([false, true, true, true]);
	});

	test("a body in many pieces, and one sent in many pieces", async ({
		server,
	}) => {
		const run = await trace(server, async (program) => {
			const { client, get, read, report } = program;
			const agent = new client.Agent({ keepAlive: true });
			report(await get("/big/3000000", { agent }));
			const upload = program.request("/", { agent, method: "POST" });
			for (let piece = 1; piece <= 30; piece++)
				upload.write(Buffer.alloc(50_000));
			upload.end();
			await read(upload);
			agent.destroy();
		});
		expect(run.reports[0]).toMatchObject({ length: 3_000_000 });
		expect(run.requests.map(isReused)).toEqual([false, true]);
	});

	test("errors the server reports are errors of the request, not of the connection", async ({
		server,
	}) => {
		const run = await trace(server, async ({ client, get }) => {
			const agent = new client.Agent({ keepAlive: true });
			await get("/status/404", { agent });
			await get("/status/503", { agent });
			agent.destroy();
		});
		expect(errorsOf(run.requests)).toEqual(["404", "503"]);
		expect(run.requests.map(isReused)).toEqual([false, true]);
	});

	test("the time to the first byte begins when the request is written", async ({
		server,
	}) => {
		const run = await trace(server, async (program) => {
			const { get, read, sleep } = program;
			await get("/delay/60", { agent: false });
			const upload = program.request("/read/200", {
				agent: false,
				method: "POST",
			});
			upload.write("first");
			await sleep(80);
			upload.end("last");
			await read(upload);
		});
		const [late, slowlyWritten] = run.requests.map(({ attributes }) =>
			Number(attributes["conntrace.ttfb_ms"]),
		);
		expect(late).toBeGreaterThan(55);
		expect(slowlyWritten).toBeGreaterThan(100);
		// Nothing of the pause in the middle of the request.
		expect(duration(run.requests[1] as Span)).toBeGreaterThan(
			Number(slowlyWritten) + 75,
		);
	});

	test("an answer before the request is written has no time to the first byte", async ({
		server,
	}) => {
		const run = await trace(server, async ({ request, read }) => {
			const upload = request("/", { agent: false, method: "POST" });
			const answer = read(upload);
			upload.write("first");
			await answer;
			upload.end("last");
		});
		const { attributes } = only(run.requests);
		expect(attributes["http.response.status_code"]).toBe(200);
		expect(attributes).not.toHaveProperty("conntrace.ttfb_ms");
	});
});
