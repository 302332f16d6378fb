import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { checkContract } from "../support/contract.js";
import { CREDENTIALS, startDynamoDB, TABLE } from "../support/dynamodb.js";
import { compareWithServer } from "../support/ground-truth.js";
import { type Run, runProgram } from "../support/run-program.js";
import type { TestServer } from "../support/server.js";
import {
	named,
	only,
	requestsOf,
	type Span,
	setupOf,
} from "../support/spans.js";
import {
	type CollectingJaeger,
	type Jaeger,
	readResult,
	startJaeger,
	storedSpans,
} from "./jaeger.js";

const SERVICE = "handler under test";
const CALLS = 5;

const binary = inject("jaeger");

describe.skipIf(!binary)("traces in a real Jaeger", () => {
	let jaeger: CollectingJaeger;
	let dynamodb: TestServer;
	let run: Run;
	let stored: Span[];

	beforeAll(async () => {
		if (!binary) return;
		jaeger = await startJaeger(binary);
		dynamodb = await startDynamoDB();
		run = await runProgram(resolve("examples/handler.js"), {
			// The SDK warns of Node versions that it will leave behind.
			nodeOptions: ["--no-warnings"],
			environment: {
				AWS_ENDPOINT_URL_DYNAMODB: dynamodb.origin,
				AWS_REGION: "eu-west-1",
				AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
				AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
				TABLE_NAME: TABLE,
				COUNT: String(CALLS),
				INTERVAL_MS: "10",
				OTEL_SERVICE_NAME: SERVICE,
				OTEL_TRACES_EXPORTER: "otlp",
				OTEL_EXPORTER_OTLP_ENDPOINT: jaeger.collector,
			},
		});
		stored = await untilStored(jaeger, run.spans.length);
	}, 120_000);

	afterAll(async () => {
		await jaeger?.stop();
		await dynamodb?.close();
	});

	it("keeps every span as it was written, with parents, links and attributes", () => {
		expect(run.stderr).toBe("");
		expect(run.exitCode).toBe(0);
		expect(inOrder(stored)).toEqual(inOrder(run.spans));
		expect(checkContract(stored)).toEqual([]);
		expect(compareWithServer(stored, dynamodb)).toEqual([]);
	});

	it("knows the service and its operations", async () => {
		expect(await jaeger.ask("/api/v3/services")).toEqual({
			services: [SERVICE],
		});
		const { operations } = (await jaeger.ask("/api/v3/operations", {
			service: SERVICE,
		})) as { operations: { name: string; spanKind: string }[] };
		expect(operations.map(({ name }) => name).sort()).toEqual([
			"DynamoDB.PutItem",
			"connection.setup",
			"dns.lookup",
			"tcp.connect",
			"tls.handshake",
		]);
	});

	it("gives the whole trace of a fresh connection by its id", async () => {
		const [first] = requestsOf(stored);
		const trace = readResult(
			await jaeger.ask(`/api/v3/traces/${first?.traceId}`),
		);
		expect(trace.map(({ name }) => name).sort()).toEqual([
			"DynamoDB.PutItem",
			"connection.setup",
			"dns.lookup",
			"tcp.connect",
			"tls.handshake",
		]);
	});

	it("finds fresh connections alone by conntrace.connection.reused=false", async () => {
		const traces = await search(jaeger, {
			"conntrace.connection.reused": "false",
		});
		expect(traces).toEqual([requestsOf(stored)[0]?.traceId]);
	});

	it("finds every request on a connection by the link pattern of its id", async () => {
		const setup = setupOf(stored, requestsOf(stored)[0]);
		const id = String(setup.attributes["conntrace.connection.id"]);
		const page = await jaeger.page("/search");
		expect(page).toContain("conntrace.connection.id");
		const traces = await search(jaeger, { "conntrace.connection.id": id });
		expect(traces).toEqual(
			requestsOf(stored)
				.map(({ traceId }) => traceId)
				.sort(),
		);
		expect(traces).toHaveLength(CALLS);
	});

	it("leads from each reused request to the set-up of its connection", () => {
		const setup = only(named(stored, "connection.setup"));
		const [, ...reused] = requestsOf(stored);
		expect(reused).toHaveLength(CALLS - 1);
		for (const { links } of reused) {
			expect(only(links)).toEqual({
				traceId: setup.traceId,
				spanId: setup.spanId,
				attributes: {
					"conntrace.connection.id":
						setup.attributes["conntrace.connection.id"],
				},
			});
		}
	});
});

function inOrder(spans: readonly Span[]): Span[] {
	return spans.toSorted((a, b) => (a.spanId < b.spanId ? -1 : 1));
}

/** Jaeger stores in batches, a moment after it has taken them. */
async function untilStored(jaeger: Jaeger, count: number): Promise<Span[]> {
	for (let attempt = 1; ; attempt++) {
		const spans = await storedSpans(jaeger, SERVICE);
		if (spans.length >= count || attempt === 100) return spans;
		await sleep(100);
	}
}

/** Ids of the traces that Jaeger's pages would list for these tags. */
async function search(
	jaeger: Jaeger,
	tags: Record<string, string>,
): Promise<string[]> {
	const { data } = (await jaeger.ask("/api/traces", {
		service: SERVICE,
		lookback: "1h",
		limit: "100",
		tags: JSON.stringify(tags),
	})) as { data: { traceID: string }[] };
	return data.map(({ traceID }) => traceID).sort();
}
