import { expect, inject } from "vitest";
import { startHttp2Server } from "../support/http2-server.js";
import {
	describeBoth,
	runScenario,
	type Scenario,
	test,
} from "../support/scenario.js";
import { describeClients } from "../undici/clients.js";

/** How many of each kind a program makes. */
const MADE = 4;

/** Runs the scenario without the agent and with it: of what it made and left, as much is collected. */
async function expectSameCollected(
	server: Parameters<typeof runScenario>[0],
	scenario: Scenario<{ undici?: string | undefined }>,
	undici?: string,
): Promise<void> {
	const collected = async (preload: "none" | "require") => {
		const run = await runScenario(server, scenario, {
			preload,
			nodeOptions: ["--expose-gc"],
			values: { undici },
		});
		expect(run.stderr).toBe("");
		return run.reports[0] as Record<string, number>;
	};
	const [alone, traced] = [await collected("none"), await collected("require")];
	expect(Object.keys(traced).toSorted()).toEqual(Object.keys(alone).toSorted());
	for (const [kind, count] of Object.entries(alone)) {
		// Node itself may hold the last one.
		expect(count, kind).toBeGreaterThanOrEqual(MADE - 1);
		expect(traced[kind], kind).toBeGreaterThanOrEqual(count);
	}
}

describeBoth("what the program has left is collected", ({ test }) => {
	test("of its requests and sockets", async ({ server }) => {
		await expectSameCollected(
			server,
			async ({
				client,
				net,
				tls,
				origin,
				port,
				once,
				report,
				watchCollection,
			}) => {
				const { register, collected } = watchCollection();
				const get = async (
					kind: string,
					path: string,
					agent: InstanceType<typeof client.Agent>,
				) => {
					const request = client.get(origin + path, { agent });
					register(`request ${kind}`, request);
					request.on("error", () => {});
					request.on("socket", (socket) => {
						if (!request.reusedSocket && agent !== shared)
							register(`socket ${kind}`, socket);
					});
					request.on("response", (response) => {
						register(`response ${kind}`, response);
						if (kind === "destroyed") response.destroy();
						else response.resume();
					});
					await once(request, "close");
				};
				const shared = new client.Agent({ keepAlive: true });
				const makeOfEach = async () => {
					await get("on a connection that is kept", "/", shared);
					const agent = new client.Agent({ keepAlive: true });
					register("agent", agent);
					await get("closed", "/close", agent);
					await get("destroyed", "/big/100000", agent);
					await get("of an agent that is left", "/fin/5", agent);
					register("agent without a request", new client.Agent());
					const refused = client.get({ host: "127.0.0.1", port: 1, agent });
					register("refused request", refused);
					await once(refused, "error");
					const raw = net.connect(port, "localhost");
					register("socket of the program", raw);
					await once(raw, "connect");
					raw.destroy();
					const secure = tls.connect(port, "localhost");
					register("TLS socket", secure);
					secure.on("error", () => {});
					if (origin.startsWith("https")) await once(secure, "secureConnect");
					secure.destroy();
					await once(secure, "close");
					register("socket never connected", new net.Socket());
				};
				for (let made = 1; made <= 4; made++) await makeOfEach();
				report(await collected());
				shared.destroy();
			},
		);
	});
});

test("of what it keeps in an AsyncLocalStorage for each request", async ({
	http,
}) => {
	await expectSameCollected(
		http,
		async ({ net, dns, get, port, once, report, watchCollection }) => {
			const { AsyncLocalStorage } =
				process.getBuiltinModule("node:async_hooks");
			const storage = new AsyncLocalStorage<object>();
			const { register, collected } = watchCollection();
			const keep = (kind: string, run: () => Promise<unknown>) => {
				const store = {};
				register(kind, store);
				return storage.run(store, run);
			};
			await get("/");
			for (let made = 1; made <= 4; made++) {
				await keep("of a request", () => get("/", { agent: false }));
				await keep("of a request on a connection that is kept", () => get("/"));
				await keep("of a lookup", () => dns.promises.lookup("localhost"));
				await keep("of a socket", async () => {
					const socket = net.connect(port, "localhost");
					await once(socket, "connect");
					socket.destroy();
					await once(socket, "close");
				});
			}
			report(await collected());
		},
	);
});

for (const secure of [false, true]) {
	test(`of its sessions and streams, ${secure ? "h2" : "h2c"}`, async () => {
		const server = await startHttp2Server(
			secure ? { certificate: inject("certificate") } : {},
		);
		await expectSameCollected(
			server,
			async ({ http2, origin, once, report, watchCollection }) => {
				const { register, collected } = watchCollection();
				const request = async (
					kind: string,
					session: ReturnType<typeof http2.connect>,
				) => {
					const stream = session.request({ ":path": "/" });
					register(`stream ${kind}`, stream);
					stream.resume();
					await once(stream, "close");
				};
				const kept = http2.connect(origin);
				const makeOfEach = async () => {
					await request("of a session that is kept", kept);
					const session = http2.connect(origin);
					register("session", session);
					await once(session, "connect");
					await request("of a closed session", session);
					session.close();
					await once(session, "close");
				};
				for (let made = 1; made <= 4; made++) await makeOfEach();
				report(await collected());
				kept.close();
			},
		);
		await server.close();
	});
}

describeClients("what undici has left is collected", ({ test, client }) => {
	test("of its clients and requests", async ({ server }) => {
		await expectSameCollected(
			server,
			async ({ undici, origin, report, watchCollection }) => {
				const { register, collected } = watchCollection();
				const makeOfEach = async () => {
					const { fetch } = undici ?? globalThis;
					const response = await fetch(`${origin}/`);
					register("response of fetch", response);
					await response.text();
					if (!undici) return;
					for (const Class of [undici.Client, undici.Pool, undici.Agent]) {
						const dispatcher = new Class(origin as never);
						register(Class.name, dispatcher);
						const { body } = await dispatcher.request({
							origin,
							path: "/",
							method: "GET",
						});
						register(`body of ${Class.name}`, body);
						await body.text();
						await dispatcher.close();
					}
				};
				for (let made = 1; made <= 4; made++) await makeOfEach();
				report(await collected());
			},
			client === "fetch" ? undefined : client,
		);
	});
});
