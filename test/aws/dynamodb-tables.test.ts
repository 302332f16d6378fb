import { describe, expect, it } from "vitest";
import { tableNames } from "../../src/aws/dynamodb-tables.js";

const ARN = "arn:aws:dynamodb:eu-west-1:123456789012:table/events";

describe("the tables named in a request", () => {
	it.each<[string, unknown, string[]]>([
		["a put", { TableName: "events", Item: {} }, ["events"]],
		["a put by ARN", { TableName: ARN }, [ARN]],
		[
			"a transaction",
			{
				TransactItems: [
					{ Put: { TableName: "a" } },
					{ Delete: { TableName: "b" } },
					{ Put: { TableName: "a" } },
				],
			},
			["a", "b"],
		],
		[
			"a batch",
			{ RequestItems: { a: [{ PutRequest: {} }], "b.c-d_e": {}, [ARN]: [] } },
			["a", "b.c-d_e", ARN],
		],
		[
			"an item with texts that look like it",
			{
				TableName: "a",
				Item: { text: { S: '{"TableName":"b"} \\' }, TableName: { S: "c" } },
			},
			["a"],
		],
		["a name that is none", { TableName: "a\u001b[31m" }, []],
		["a batch with names that are none", { RequestItems: { "<b>": {} } }, []],
		["a name of 10 MB", { TableName: "a".repeat(10_000_000) }, []],
		[
			"a batch with a name and texts of 10 MB",
			{
				RequestItems: {
					["a".repeat(10_000_000)]: [],
					b: [{ PutRequest: { Item: { text: { S: '"}\\'.repeat(3e6) } } } }],
					c: [],
				},
			},
			["b", "c"],
		],
		[
			"more tables than a batch may name",
			{
				RequestItems: Object.fromEntries(
					Array.from({ length: 100_000 }, (_, index) => [`t${index}`, []]),
				),
			},
			Array.from({ length: 100 }, (_, index) => `t${index}`),
		],
	])("of %s", (_, body, names) => {
		expect(tableNames(JSON.stringify(body))).toEqual(names);
	});

	it.each(['{"RequestItems":{"a', '{"RequestItems":{"a\\', '{"TableName":"a'])(
		"of what was cut short: %s",
		(body) => {
			expect(tableNames(body)).toEqual([]);
		},
	);
});
