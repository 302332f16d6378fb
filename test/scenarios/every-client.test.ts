import { resolve } from "node:path";
import { expect, inject, test } from "vitest";
import { CREDENTIALS } from "../support/dynamodb.js";
import { startHttp2Server } from "../support/http2-server.js";
import { bundle, parentName, recorded } from "../support/own-opentelemetry.js";
import { runProgram } from "../support/run-program.js";
import { judge } from "../support/scenario.js";
import { startServer, startSilentServer } from "../support/server.js";
import { named, type Span } from "../support/spans.js";

const CLIENTS = ["v3", "v2", "fetch", "http2", "socket"];
const CALLS = CLIENTS.flatMap((client) =>
	Array.from({ length: 12 }, (_, index) => `${client}-${index + 1}`),
);

for (const traced of [true, false]) {
	test(`five clients side by side, ${traced ? "in" : "without"} spans of the program's own`, async () => {
		const certificate = inject("certificate");
		const [first, second, silent, setup] = await Promise.all([
			startServer({
				certificate,
				handler: (_, response) => {
					response.setHeader("content-type", "application/x-amz-json-1.0");
					response.end("{}");
				},
			}),
			startHttp2Server({ certificate }),
			startSilentServer(),
			traced ? bundle("@opentelemetry/api") : undefined,
		]);
		const run = await runProgram(resolve("test/programs/every-client.cjs"), {
			arguments: [
				first.origin,
				second.origin,
				String(silent.port),
				...(setup ? [setup] : []),
			],
			environment: {
				AWS_REGION: "eu-west-1",
				AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
				AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
				NODE_NO_WARNINGS: "1",
			},
		});
		const own = recorded(run);
		const { requests, spans } = judge(run, [first, second, silent], {
			foreignParents: new Set(own.map(({ ids }) => ids.spanId)),
		});
		await Promise.all([first, second, silent].map((server) => server.close()));

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
