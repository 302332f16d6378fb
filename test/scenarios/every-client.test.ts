import { expect, test } from "vitest";
import { runEveryClient } from "../support/every-client.js";
import { bundle, parentName, recorded } from "../support/own-opentelemetry.js";
import { judge } from "../support/scenario.js";
import { named, type Span } from "../support/spans.js";

const CLIENTS = ["v3", "v2", "fetch", "http2", "socket"];
const CALLS = CLIENTS.flatMap((client) =>
	Array.from({ length: 12 }, (_, index) => `${client}-${index + 1}`),
);

for (const traced of [true, false]) {
	test(`five clients side by side, ${traced ? "in" : "without"} spans of the program's own`, async () => {
		const setup = traced ? [await bundle("@opentelemetry/api")] : [];
		const { run, servers, silent } = await runEveryClient({}, ...setup);
		const own = recorded(run);
		const { requests, spans } = judge(run, servers, {
			foreignParents: new Set(own.map(({ ids }) => ids.spanId)),
		});
		const sockets = named(spans, "connection.setup").filter(
			({ attributes }) => attributes["server.port"] === silent.port,
		);
		expect(sockets).toHaveLength(12);
		const found = [
			...requests.map((span) => [callOf(span), parentName(span, own)]),
			...sockets.map((span) => {
				const parent = parentName(span, own);
				return [traced ? parent : "a socket", parent];
			}),
		];
		expect(found).toHaveLength(CALLS.length);
		if (!traced) {
			expect(found.every(([, parent]) => parent === undefined)).toBe(true);
			return;
		}
		expect(found.map(([call]) => call).sort()).toEqual([...CALLS].sort());
		for (const [call, parent] of found) expect(parent).toBe(call);
	});
}

/** A put names its call as the table, the other requests in their path. */
function callOf({ attributes }: Span): string {
	return String(
		attributes["db.collection.name"] ??
			new URL(String(attributes["url.full"])).pathname.slice(1),
	);
}
