import { describe, expect } from "vitest";
import { GET, invocationsOf, judged, test } from "../support/lambda.js";
import { FUNCTION_ARN } from "../support/lambda-service.js";
import { childrenOf, named } from "../support/spans.js";

describe.concurrent("invocations", () => {
	test("a cold and two warm ones", async ({ start, server }) => {
		const { service } = await start({
			files: {
				"index.js": `${GET}
					const early = get("/early");
					exports.handler = async (event) => {
						await early;
						await get("/" + event.name);
						return get("/" + event.name);
					};`,
			},
		});
		for (const name of ["one", "two", "three"]) {
			const { body } = await service.invoke({ name });
			expect(body).toBe("200");
		}
		await service.whenIdle();

		const spans = judged(service, server);
		const invocations = invocationsOf(spans);
		expect(invocations.map(({ name }) => name)).toEqual([
			"put-event",
			"put-event",
			"put-event",
		]);
		expect(invocations[0]?.attributes).toEqual({
			"faas.invocation.id": "00000000-0000-4000-8000-000000000001",
			"faas.coldstart": true,
			"faas.name": "put-event",
			"faas.version": "7",
			"cloud.resource_id": FUNCTION_ARN,
			"cloud.region": "eu-west-1",
			"cloud.account.id": "123456789012",
			"conntrace.connections.reused": 2,
		});
		expect(
			invocations.map(({ attributes }) => attributes["faas.coldstart"]),
		).toEqual([true, false, false]);
		expect(
			invocations.map((invocation) => childrenOf(spans, invocation).length),
		).toEqual([2, 2, 2]);
		const [setup] = named(spans, "connection.setup");
		expect(setup?.attributes["conntrace.lambda.phase"]).toBe("init");
	});
});
