import { describe, expect } from "vitest";
import { test, trace } from "../support/scenario.js";
import { startServer } from "../support/server.js";

describe.concurrent("AWS's number of a request", () => {
	for (const [spelling, headers, told] of [
		["in lower case", { "x-amzn-requestid": "ABC" }, "ABC"],
		["as DynamoDB spells it", { "x-amzn-RequestId": "ABC" }, "ABC"],
		["as S3 names it", { "x-amz-request-id": "ABC" }, "ABC"],
		[
			"twice, as Node joins it",
			{ "x-amzn-RequestId": ["ABC", "DEF"] },
			"ABC, DEF",
		],
	] as const) {
		test(spelling, async () => {
			const server = await startServer({
				handler: (_, response) => {
					for (const [name, value] of Object.entries(headers))
						response.setHeader(name, value);
					response.end("{}");
				},
			});
			const run = await trace(server, async ({ get }) => {
				const target = { "x-amz-target": "DynamoDB_20120810.ListTables" };
				await get("/", { agent: false, headers: target });
			});
			await server.close();
			expect(run.requests[0]?.attributes["aws.request_id"]).toBe(told);
		});
	}
});
