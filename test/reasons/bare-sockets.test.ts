import { expect } from "vitest";
import { describeBoth, story, trace } from "../support/scenario.js";

describeBoth(
	"sockets of the program to the host of its requests",
	({ test }) => {
		test("explain nothing while they are open", async ({ server }) => {
			const run = await trace(
				server,
				async ({ client, net, once, port, get, fetchAnswer }) => {
					const socket = net.connect(port, "localhost");
					await once(socket, "connect");
					const agent = new client.Agent({ keepAlive: true });
					await get("/", { agent });
					await get("/", { agent });
					await fetchAnswer("/");
					agent.destroy();
					socket.destroy();
				},
			);
			expect(story(run)).toEqual([
				"first_connection",
				"request 2",
				"different_agent",
			]);
		});

		test("are none that a request of another client comes after", async ({
			server,
		}) => {
			const run = await trace(
				server,
				async ({ net, once, port, fetchAnswer }) => {
					const socket = net.connect(port, "localhost");
					await once(socket, "connect");
					await fetchAnswer("/");
					socket.destroy();
				},
			);
			expect(story(run)).toEqual(["first_connection"]);
		});

		test("explain nothing when they have ended", async ({ server }) => {
			const run = await trace(
				server,
				async ({ client, net, once, port, get, sleep }) => {
					const visit = async () => {
						const socket = net.connect(port, "localhost");
						await once(socket, "connect");
						socket.destroy();
						await once(socket, "close");
					};
					await visit();
					const agent = new client.Agent({ keepAlive: true });
					await get("/fin/10", { agent });
					await sleep(100);
					await visit();
					const other = new client.Agent({ keepAlive: true });
					await get("/", { agent: other });
					other.destroy();
					agent.destroy();
				},
			);
			expect(story(run)).toEqual(["first_connection", "peer_closed_idle"]);
		});
	},
);
