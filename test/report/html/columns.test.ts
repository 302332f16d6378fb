import { expect, it } from "vitest";
import { fromColumns, toColumns } from "../../../src/report/html/columns.js";

interface Row {
	readonly at: number;
	readonly name?: string;
	readonly failed?: boolean;
	readonly causes?: readonly string[];
	readonly status?: number;
}

const FIELDS = ["at", "name", "failed", "causes", "status"] as const;

it("gives back what it was given, without what is absent", () => {
	const rows: Row[] = [
		{ at: 12_345.125, name: "GET", failed: true },
		{ at: 12_346.5, causes: ["a", "b"], status: 200 },
		{ at: 0, name: "GET", failed: false, causes: ["a", "b"] },
	];
	const columns = JSON.parse(JSON.stringify(toColumns(rows, FIELDS)));
	expect(fromColumns(columns)).toEqual(rows);
});

it("carries a text once, however many rows have it", () => {
	const rows = Array.from({ length: 1000 }, (_, at) => ({
		at,
		name: "DynamoDB.PutItem",
	}));
	const json = JSON.stringify(toColumns(rows, ["at", "name"]));
	expect(json.split("PutItem")).toHaveLength(2);
});

it("carries no column for what no row has, and none but the fields asked for", () => {
	const { columns } = toColumns<Row>(
		[{ at: 1, name: "GET" }],
		["at", "status"],
	);
	expect(columns.map(({ field }) => field)).toEqual(["at"]);
});

it("carries no rows", () => {
	expect(fromColumns(toColumns<Row>([], FIELDS))).toEqual([]);
});
