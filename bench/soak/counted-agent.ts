// The agent with a look at what it holds in memory: `conntraceLive()` counts it.
import { queryObjects } from "node:v8";
import { Connection } from "../../src/connections/connection";
import { HostRecord } from "../../src/connections/journal";
import { Request } from "../../src/connections/request";
import { ConnectionTracker } from "../../src/connections/tracker";
import { EncodedSpans } from "../../src/export/encoded-spans";
import { UndiciPool } from "../../src/hooks/undici-pools";
import { FinishedSpan } from "../../src/spans/finished-span";
import { SpanWriter } from "../../src/spans/writer";

const CLASSES = {
	Connection,
	Request,
	HostRecord,
	UndiciPool,
	FinishedSpan,
	EncodedSpans,
};

/** How deep collections are looked for. */
const DEPTH = 3;

const roots: Record<string, object> = {};

/** Keeps the first object that a method is called on. */
function find(name: string, prototype: object, method: string): void {
	const { value } = Object.getOwnPropertyDescriptor(prototype, method) ?? {};
	Object.defineProperty(prototype, method, {
		value(this: object, ...args: unknown[]) {
			roots[name] ??= this;
			return value.apply(this, args);
		},
	});
}

find("tracker", ConnectionTracker.prototype, "requestCreated");
find("writer", SpanWriter.prototype, "requestEnded");

/** The sizes of all collections in an object's own fields and in those of the objects there. */
function sizesIn(
	path: string,
	owner: object,
	depth = DEPTH,
): [string, number][] {
	return Object.entries(owner).flatMap(([name, value]): [string, number][] => {
		// What is handed to it from outside is counted there.
		if (name === "options") return [];
		const here = `${path}.${name}`;
		if (value instanceof Map || value instanceof Set) {
			return [[here, value.size]];
		}
		if (Array.isArray(value)) return [[here, value.length]];
		return typeof value === "object" && value !== null && depth > 1
			? sizesIn(here, value, depth - 1)
			: [];
	});
}

Object.defineProperty(globalThis, "conntraceLive", {
	value: () => ({
		...Object.fromEntries(
			Object.entries(CLASSES).map(([name, of]) => [name, queryObjects(of)]),
		),
		...Object.fromEntries(
			Object.entries(roots).flatMap(([name, root]) => sizesIn(name, root)),
		),
	}),
});

require("../../src/register");
