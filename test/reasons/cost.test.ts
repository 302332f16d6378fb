import { expect } from "vitest";
import { compare, describeBoth } from "../support/scenario.js";

describeBoth("a request that finds a free connection", ({ test }) => {
	test("costs no look at its pool and no stack", async ({ server }) => {
		const { reports } = await compare(
			server,
			async ({ client, get, report }) => {
				const agent = new client.Agent({ keepAlive: true });
				await get("/x/0/warm", { agent });
				let looks = 0;
				const counted = <T extends object>(object: T): T =>
					new Proxy(object, {
						get(target, key, receiver) {
							looks += 1;
							return Reflect.get(target, key, receiver);
						},
						ownKeys(target) {
							looks += 1;
							return Reflect.ownKeys(target);
						},
					});
				for (const list of ["freeSockets", "sockets", "requests"] as const)
					Object.defineProperty(agent, list, { value: counted(agent[list]) });
				const { getName } = agent;
				agent.getName = (...options) => {
					looks += 1;
					return getName.apply(agent, options);
				};
				let stacks = 0;
				let prepare = Error.prepareStackTrace;
				Object.defineProperty(Error, "prepareStackTrace", {
					get: () => {
						stacks += 1;
						return prepare;
					},
					set: (value) => {
						stacks += 1;
						prepare = value;
					},
				});
				for (let call = 1; call <= 5; call++)
					await get("/x/0/reused", { agent });
				report({ looks, stacks });
				agent.destroy();
			},
		);
		// Node itself looks at the pool, so the count counts.
		expect(reports).toEqual([{ looks: expect.any(Number), stacks: 0 }]);
		expect(reports).not.toEqual([{ looks: 0, stacks: 0 }]);
	});
});
