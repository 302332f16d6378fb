import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, inject } from "vitest";
import {
	type Collector,
	exportingTo,
	ledgerOf,
	startCollector,
} from "../support/collector.js";
import { runScenario, type Scenario, test } from "../support/scenario.js";
import type { TestServer } from "../support/server.js";

/** A setup with its two phases, and the request. */
const SPANS = 4;

/** The export goes another way where the event loop does not go on. */
const ENDS: Readonly<Record<string, Scenario>> = {
	"a natural end": async ({ get }) => {
		await get("/");
	},
	"process.exit()": async ({ get }) => {
		await get("/");
		process.exit();
	},
};

/** Runs a call with these variables instead of the usual ones. */
async function deliver(
	http: TestServer,
	collector: Collector,
	scenario: Scenario,
	environment: Record<string, string>,
) {
	const { OTEL_EXPORTER_OTLP_ENDPOINT: _, ...rest } = exportingTo("");
	const run = await runScenario(http, scenario, {
		environment: { ...rest, ...environment },
	});
	await collector.close();
	const ledger = ledgerOf(run.stderr, collector.origin);
	return { run, ledger, request: collector.requests[0] };
}

for (const [end, scenario] of Object.entries(ENDS)) {
	describe.concurrent(`spans are sent, at ${end},`, () => {
		test("to the address for traces as it is, with the headers for all signals and for traces", async ({
			http,
		}) => {
			const collector = await startCollector();
			const { run, request } = await deliver(http, collector, scenario, {
				OTEL_EXPORTER_OTLP_ENDPOINT: "http://localhost:1/not-this",
				OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.origin}/my/traces?key=of-nobody`,
				OTEL_EXPORTER_OTLP_HEADERS: "x-shared=one%20two, x-both=shared",
				OTEL_EXPORTER_OTLP_TRACES_HEADERS: "x-both=traces",
			});
			expect(collector.taken).toHaveLength(SPANS);
			expect(request?.target).toBe("POST /my/traces?key=of-nobody");
			expect(request?.headers).toMatchObject({
				"content-type": "application/x-protobuf",
				"x-shared": "one two",
				"x-both": "traces",
			});
			expect(run.stderr).not.toContain("of-nobody");
		});

		test("to a path below the address for all signals, compressed", async ({
			http,
		}) => {
			const collector = await startCollector();
			const { request, ledger } = await deliver(http, collector, scenario, {
				OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.origin}/below/`,
				OTEL_EXPORTER_OTLP_COMPRESSION: "gzip",
			});
			expect(request?.target).toBe("POST /below/v1/traces");
			expect(request?.headers["content-encoding"]).toBe("gzip");
			expect(ledger).toMatchObject({ delivered: SPANS, lost: 0 });
		});

		test("to a collector that proves itself and asks for a proof", async ({
			http,
		}) => {
			const { key, cert } = inject("certificate");
			const collector = await startCollector(["takes"], {
				certificate: { key, cert, ca: inject("authority"), requestCert: true },
			});
			const { ledger } = await deliver(http, collector, scenario, {
				NODE_EXTRA_CA_CERTS: "",
				OTEL_EXPORTER_OTLP_ENDPOINT: collector.origin,
				OTEL_EXPORTER_OTLP_CERTIFICATE: inject("authorityFile"),
				OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE: await file(cert),
				OTEL_EXPORTER_OTLP_CLIENT_KEY: await file(key),
			});
			expect(ledger).toMatchObject({ delivered: SPANS, lost: 0 });
		});
	});
}

describe.concurrent("batches", () => {
	test("are as large as the variable says", async ({ http }) => {
		const collector = await startCollector();
		const { ledger } = await deliver(
			http,
			collector,
			async ({ get }) => {
				for (let call = 1; call <= 5; call++) await get("/");
			},
			{
				OTEL_EXPORTER_OTLP_ENDPOINT: collector.origin,
				OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "2",
			},
		);
		expect(ledger).toMatchObject({ started: SPANS + 4, delivered: SPANS + 4 });
		for (const { spans } of collector.requests)
			expect(spans.length).toBeLessThanOrEqual(2);
	});

	test("that are compressed and sent while the program works are not traced", async ({
		http,
	}) => {
		const collector = await startCollector();
		const { ledger } = await deliver(
			http,
			collector,
			async ({ get, sleep }) => {
				await get("/");
				await sleep(1000);
			},
			{
				OTEL_EXPORTER_OTLP_ENDPOINT: collector.origin,
				OTEL_EXPORTER_OTLP_COMPRESSION: "gzip",
				OTEL_BSP_SCHEDULE_DELAY: "5",
			},
		);
		expect(ledger).toMatchObject({ started: SPANS, delivered: SPANS });
	});

	test("that find no collector make room: plain requests go first", async ({
		http,
	}) => {
		const collector = await startCollector([{ status: 503 }]);
		const { ledger } = await deliver(
			http,
			collector,
			async ({ get }) => {
				for (let call = 1; call <= 50; call++) await get("/");
			},
			{
				OTEL_EXPORTER_OTLP_ENDPOINT: collector.origin,
				OTEL_BSP_MAX_QUEUE_SIZE: "10",
			},
		);
		expect(ledger).toEqual({
			started: SPANS + 49,
			delivered: 0,
			leftOut: 0,
			lost: SPANS + 49,
		});
		const last = collector.requests.at(-1)?.spans ?? [];
		expect(last.length).toBeLessThanOrEqual(10);
		expect(last.map(({ name }) => name)).toContain("connection.setup");
	});
});

test("the timeout of a request is the variable's", async ({ http }) => {
	const collector = await startCollector(["hangs"]);
	const { run } = await deliver(
		http,
		collector,
		ENDS["a natural end"] as Scenario,
		{
			OTEL_EXPORTER_OTLP_ENDPOINT: collector.origin,
			OTEL_EXPORTER_OTLP_TIMEOUT: "50",
		},
	);
	expect(run.stderr).toContain(": no answer within 50 ms");
});

async function file(contents: string): Promise<string> {
	const path = join(inject("temporaryDirectory"), `${randomUUID()}.pem`);
	await writeFile(path, contents);
	return path;
}
