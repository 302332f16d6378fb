import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import type { Run } from "../../src/report/model.js";
import { conntrace, NODE } from "../commands/conntrace.js";
import { startServer, type TestServer } from "../support/server.js";
import { type CollectingJaeger, startJaeger } from "./jaeger.js";

const binary = inject("jaeger");

/** More than the report asks for at once. */
const REQUESTS = 350;

/** Makes requests one after the other, every fiftieth over an agent without keep-alive. */
const PROGRAM = `
	const [kept, closed] = [true, false].map((keepAlive) => new http.Agent({ keepAlive }));
	const get = (agent) => new Promise((resolve, reject) =>
		http.get(process.argv[1], { agent }, (response) => response.resume().on("end", resolve)).on("error", reject));
	(async () => {
		for (let call = 0; call < ${REQUESTS}; call++) await get(call % 50 ? kept : closed);
		kept.destroy();
	})();`;

describe.skipIf(!binary)("conntrace report of a real Jaeger", () => {
	let jaeger: CollectingJaeger;
	let server: TestServer;

	beforeAll(async () => {
		if (!binary) return;
		jaeger = await startJaeger(binary);
		server = await startServer();
	}, 70_000);

	afterAll(async () => {
		await server?.close();
		await jaeger?.stop();
	});

	async function report(...options: string[]): Promise<Run | undefined> {
		const { stdout } = await conntrace([
			"report",
			jaeger.address,
			"--json",
			"-",
			...options,
		]);
		return stdout === "" ? undefined : JSON.parse(stdout).runs[0];
	}

	it("finds what conntrace run has sent on, page by page", async () => {
		const { status } = await conntrace(
			["run", "--", NODE, "-e", PROGRAM, `http://localhost:${server.port}`],
			{
				environment: {
					OTEL_TRACES_EXPORTER: "otlp",
					OTEL_EXPORTER_OTLP_ENDPOINT: jaeger.collector,
					OTEL_SERVICE_NAME: "shop",
				},
			},
		);
		expect(status).toBe(0);
		const connections = server.connections.length;
		const whole = { requests: REQUESTS, fresh: connections, connections };
		// Jaeger stores in batches, a moment after it has taken them.
		for (let attempt = 1; attempt <= 20; attempt++) {
			const run = await report("--service", "shop");
			if (run?.overall.requests === REQUESTS) break;
			await sleep(200);
		}
		const run = await report("--service", "shop");
		expect(run).toMatchObject({
			overall: whole,
			sources: [{ foreignSpans: 0, skipped: [] }],
		});
		expect(await report("--limit", "120")).toMatchObject({
			overall: { requests: 120 },
		});
	}, 60_000);
});
