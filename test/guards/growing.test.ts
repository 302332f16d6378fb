import { describe, expect } from "vitest";
import {
	type Program,
	runScenario,
	type Scenario,
	test,
} from "../support/scenario.js";

/** What a program has many of. */
type Kind = "connections" | "hosts" | "agents";

interface Values {
	readonly kind: Kind;
	readonly count: number;
}

const MANY = 200;
const REQUESTS = 50;

/** Counts the elements that collections are asked for while requests are made on connections that are there already. */
const visits: Scenario<Values> = async ({ http, values, request, report }) => {
	const { kind, count } = values;
	const newAgent = () =>
		new http.Agent({
			keepAlive: true,
			maxFreeSockets: Infinity,
			scheduling: "fifo",
		});
	const agents = Array.from(
		{ length: kind === "agents" ? count : 1 },
		newAgent,
	);
	const begin = (index: number) =>
		request("/", {
			agent: agents[index % agents.length],
			...(kind === "hosts" && {
				host: `host-${index % count}.test`,
				lookup: (_name, _options, done) =>
					done(null, [{ address: "127.0.0.1", family: 4 }]),
			}),
		});
	const ended = (sent: ReturnType<Program["request"]>) =>
		new Promise((resolve, reject) => {
			sent.on("error", reject);
			sent.on("response", (response) => response.resume().on("end", resolve));
		});
	// Each is held by a request until the last is there.
	const held = Array.from({ length: count }, (_, index) => begin(index));
	const ends = held.map(ended);
	await Promise.all(
		held.map((sent) => {
			sent.flushHeaders();
			return new Promise<void>((resolve) =>
				sent.on("socket", (socket) => socket.once("connect", resolve)),
			);
		}),
	);
	for (const sent of held) sent.end();
	await Promise.all(ends);

	let visited = 0;
	type Methods = Record<string, (...args: unknown[]) => unknown>;
	const watch = (
		owner: object,
		name: string,
		elements: (collection: { length: number }) => number,
	) => {
		const methods = owner as Methods;
		const original = methods[name] as Methods[string];
		methods[name] = function (this: unknown, ...args) {
			visited += elements(this as { length: number });
			return original.apply(this, args);
		};
		return () => {
			methods[name] = original;
		};
	};
	const restore = [
		...[new Set(), new Map(), []].map((collection) =>
			watch(
				Object.getPrototypeOf(collection[Symbol.iterator]()),
				"next",
				() => 1,
			),
		),
		...["find", "findLast", "filter", "some", "every", "indexOf"].map((name) =>
			watch(Array.prototype, name, ({ length }) => length),
		),
	];
	for (let index = 0; index < 50; index++) {
		const sent = begin(index);
		sent.end();
		await ended(sent);
		await new Promise(setImmediate);
	}
	for (const undo of restore) undo();
	report({ visited });
	for (const agent of agents) agent.destroy();
};

describe.concurrent("a request on a kept connection looks at as much among many", () => {
	for (const kind of ["connections", "hosts", "agents"] as const) {
		test(`${kind} as with one`, async ({ http }) => {
			const visited = async (count: number, preload: "none" | "require") => {
				const { reports, stderr, exitCode } = await runScenario(http, visits, {
					preload,
					values: { kind, count },
				});
				expect([exitCode, stderr]).toEqual([0, ""]);
				return (reports[0] as { visited: number }).visited;
			};
			const added = async (count: number) =>
				(await visited(count, "require")) - (await visited(count, "none"));
			expect((await added(MANY)) - (await added(1))).toBeLessThanOrEqual(
				REQUESTS,
			);
		});
	}
});
