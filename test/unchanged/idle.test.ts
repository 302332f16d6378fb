import { expect } from "vitest";
import { compare, describeBoth } from "../support/scenario.js";
import type { TestServer } from "../support/server.js";

describeBoth("connections are kept, closed and shared the same", ({ test }) => {
	test("by their agents and servers", async ({ server }) => {
		await compare(
			server,
			async ({ client, get, request, read, report, sleep, once }) => {
				const answers = async (
					what: string,
					options: object,
					paths: string[],
					pause = 0,
				) => {
					const agent = new client.Agent({ keepAlive: true, ...options });
					const first = await get(paths[0] ?? "/", { agent });
					const numbers = [first.number];
					for (const path of paths.slice(1)) {
						await sleep(pause);
						numbers.push((await get(path, { agent })).number);
					}
					const count = (lists: NodeJS.ReadOnlyDict<unknown[]>) =>
						Object.values(lists).flat().length;
					report([
						what,
						numbers,
						count(agent.freeSockets),
						count(agent.sockets),
					]);
					agent.destroy();
				};
				const thrice = ["/", "/", "/"];
				await answers("kept", {}, thrice);
				await answers("not kept", { keepAlive: false }, thrice);
				await answers("closed by the client", { timeout: 40 }, thrice, 150);
				await answers("closed by the server", {}, ["/fin/10", "/", "/"], 150);
				await answers("reset by the server", {}, ["/rst/10", "/", "/"], 150);
				await answers("hint of nothing", { timeout: 5000 }, [
					...["/hint/1", "/hint/1", "/"],
				]);
				await answers("none free", { maxFreeSockets: 0 }, thrice);
				await answers("closed with the response", {}, ["/", "/close", "/"]);

				const limited = new client.Agent({ keepAlive: true, maxSockets: 2 });
				const numbers = await Promise.all(
					Array.from({ length: 6 }, () => get("/delay/5", { agent: limited })),
				);
				report(numbers.map(({ number }) => number).toSorted());
				limited.destroy();

				for (const scheduling of ["lifo", "fifo"] as const) {
					const agent = new client.Agent({ keepAlive: true, scheduling });
					const order = async (paths: string[]) =>
						(await Promise.all(paths.map((path) => get(path, { agent })))).map(
							({ connection }) => connection,
						);
					const [early, late] = await order(["/", "/delay/60"]);
					const [next] = await order(["/"]);
					report([scheduling, next === late, next === early]);
					agent.destroy();
				}

				// Nobody listens for the response.
				const agent = new client.Agent({ keepAlive: true });
				const unheard = request("/", { agent });
				unheard.end();
				await once(unheard, "close");
				const second = request("/", { agent });
				second.end();
				report((await read(second)).number);
				agent.destroy();

				// Node's own agent keeps its connections.
				for (let call = 1; call <= 3; call++) report((await get("/")).number);
				client.globalAgent.destroy();
			},
		);
		expectTwiceTheSame(server);
	});

	test("by servers in the process itself", async ({ server }) => {
		await compare(server, async ({ http, report, once, sleep }) => {
			const inside = http.createServer(
				{ keepAliveTimeout: 50 },
				(_, response) => response.end("ok"),
			);
			let connections = 0;
			inside.on("connection", () => {
				connections += 1;
			});
			inside.listen(0, "127.0.0.1");
			await once(inside, "listening");
			const { port } = inside.address() as { port: number };
			const agent = new http.Agent({ keepAlive: true });
			const get = async () => {
				const request = http.get({ port, host: "127.0.0.1", agent });
				request.on("response", (response) => response.resume());
				await once(request, "close");
				await sleep(10);
			};
			await get();
			await get();
			report(connections);
			inside.closeIdleConnections();
			await sleep(20);
			await get();
			report(connections);
			inside.closeAllConnections();
			await sleep(20);
			await get();
			report(connections);
			// Node's server adds up to a second to its limit.
			await sleep(1500);
			report(Object.keys(agent.freeSockets).length);
			const closed = once(inside, "close");
			inside.close();
			agent.destroy();
			await closed;
			report("closed");
		});
	});
});

/** What the server counted without the agent and with it. */
function expectTwiceTheSame({ connections }: TestServer): void {
	const counts = connections.map(({ requests }) =>
		requests.map(({ method, path, rawHeaders }) => [method, path, rawHeaders]),
	);
	const half = counts.length / 2;
	expect(half).toBeGreaterThan(10);
	expect(counts.slice(half).map(String).toSorted()).toEqual(
		counts.slice(0, half).map(String).toSorted(),
	);
}
