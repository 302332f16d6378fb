import { resolve } from "node:path";
import type * as api from "@opentelemetry/api";
import { expect } from "vitest";
import { describeBoth, story, trace } from "../support/scenario.js";
import { only } from "../support/spans.js";

declare global {
	var opentelemetry: typeof api;
}

const register = resolve("test/programs/library.cjs");

/** A span of the program, which comes from elsewhere and is not exported here. */
const PARENT = {
	traceId: "0af7651916cd43dd8448eb211c80319c",
	spanId: "b7ad6b7169203331",
	traceFlags: 1,
};

describeBoth("the library in a program's own set-up", ({ test }) => {
	test("tells of fresh and reused connections by the program's provider", async ({
		server,
	}) => {
		const run = await trace(
			server,
			async ({ client, get, settle, fetchAnswer }) => {
				const agent = new client.Agent({ keepAlive: true });
				await get("/x", { agent });
				await settle();
				await get("/x", { agent });
				agent.destroy();
				await settle();
				await fetchAnswer("/x");
			},
			{ register },
		);
		expect(story(run)).toEqual([
			"first_connection",
			"request 2",
			"agent_destroyed",
		]);
	});

	test("stands under the active span", async ({ server }) => {
		const run = await trace(
			server,
			async ({ get, values }) => {
				const { context, trace } = opentelemetry;
				const active = trace.setSpanContext(context.active(), values);
				await context.with(active, () => get("/x", { agent: false }));
			},
			{ register, values: PARENT, foreignParents: new Set([PARENT.spanId]) },
		);
		expect(only(run.requests)).toMatchObject({
			traceId: PARENT.traceId,
			parentSpanId: PARENT.spanId,
		});
	});
});
