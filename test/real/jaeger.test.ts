import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
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
	untilStored,
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
		stored = await untilStored(jaeger, SERVICE, run.spans.length);
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

	it("hands its pages the configuration of otel/jaeger-ui.json", async () => {
		const page = await jaeger.page("/search");
		const [, configuration = ""] = /JAEGER_CONFIG = (.*);$/m.exec(page) ?? [];
		expect(JSON.parse(configuration)).toEqual(
			JSON.parse(await readFile("otel/jaeger-ui.json", "utf8")),
		);
	});

	it("finds every request on a connection by its id, as the link beside that asks for it, once the service is chosen", async () => {
		const setup = setupOf(stored, requestsOf(stored)[0]);
		const id = String(setup.attributes["conntrace.connection.id"]);
		const tags = { "conntrace.connection.id": id };
		const traces = await search(jaeger, tags);
		expect(traces).toEqual(
			requestsOf(stored)
				.map(({ traceId }) => traceId)
				.sort(),
		);
		expect(traces).toHaveLength(CALLS);
		// The pages of 2.19 and later, which this is not, search by another API, and without a service.
		expect(
			await jaeger.ask("/api/traces", { tags: JSON.stringify(tags) }),
		).toMatchObject({ errors: [{ msg: "parameter 'service' is required" }] });
	});

	it("gives its pages phases that follow one another, for the critical path", async () => {
		const [first] = requestsOf(stored);
		const { data } = (await jaeger.ask(`/api/traces/${first?.traceId}`)) as {
			data: { spans: PageSpan[] }[];
		};
		const spans = only(data).spans;
		const setup = only(
			spans.filter(({ operationName }) => operationName === "connection.setup"),
		);
		const phases = spans
			.filter(({ references }) => references[0]?.spanID === setup.spanID)
			.sort((a, b) => a.startTime - b.startTime);
		expect(phases.map(({ operationName }) => operationName)).toEqual([
			"dns.lookup",
			"tcp.connect",
			"tls.handshake",
		]);
		// What touches is left out of it.
		for (const [index, { startTime }] of phases.slice(1).entries()) {
			const before = phases[index] as PageSpan;
			expect(startTime).toBeGreaterThan(before.startTime + before.duration);
		}
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

/** A span as Jaeger's pages get it; times in microseconds. */
interface PageSpan {
	readonly spanID: string;
	readonly operationName: string;
	readonly startTime: number;
	readonly duration: number;
	readonly references: readonly { readonly spanID: string }[];
}

function inOrder(spans: readonly Span[]): Span[] {
	return spans.toSorted((a, b) => (a.spanId < b.spanId ? -1 : 1));
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
