import { expect, test } from "vitest";
import { runScenario } from "../support/scenario.js";
import { startServer } from "../support/server.js";
import { requestsOf } from "../support/spans.js";

test("the pool that reached an origin last is known among more origins than are kept", async () => {
	const server = await startServer({ host: "0.0.0.0" });
	const run = await runScenario(
		server,
		async ({ undici, port, sleep }) => {
			const visit = async (
				address: number,
				path: string,
				dispatcher = undici.getGlobalDispatcher(),
			) => {
				const host = `127.1.${address >> 8}.${address & 255}`;
				const origin = `http://${host}:${port}`;
				const response = await undici.fetch(origin + path, { dispatcher });
				await response.arrayBuffer();
			};
			const visitAll = async (from: number, to: number) => {
				for (let next = from; next < to; next += 20) {
					const some = Array.from({ length: 20 }, (_, index) => next + index);
					await Promise.all(some.map((address) => visit(address, "/close/0")));
				}
			};
			const [other, agent] = [new undici.Agent(), new undici.Agent()];
			await visitAll(0, 980);
			await visit(1023, "/x/0/other", other);
			await visit(1023, "/fin/10/first", agent);
			await sleep(150);
			await visitAll(980, 1020);
			await visit(1023, "/x/0/again", agent);
			await other.close();
			await agent.close();
		},
		{ timeLimit: 60_000, values: { undici: "undici-7" } },
	);
	await server.close();
	const [first, again] = ["first", "again"].map((name) =>
		requestsOf(run.spans).find(({ attributes }) =>
			String(attributes["url.full"]).endsWith(name),
		),
	);
	expect(again?.attributes).toMatchObject({
		"conntrace.connection.reason": "peer_closed_idle",
		"conntrace.connection.previous_id":
			first?.attributes["conntrace.connection.id"],
	});
}, 70_000);
