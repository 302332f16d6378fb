import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { runProgram } from "../support/run-program.js";
import { startServer } from "../support/server.js";
import type { Span } from "../support/spans.js";
import {
	type Gateway,
	type Ingester,
	type Sampler,
	startGateway,
	startIngester,
	startKafka,
	startSampler,
} from "./fleet.js";
import { storedSpans } from "./jaeger.js";
import { freePorts, local } from "./server-process.js";
import { exportTo, heardSince, missing, startLoad } from "./steady-load.js";
import { until } from "./until.js";

const jaeger = inject("jaeger") ?? "";
const collector = inject("collector") ?? "";
const kafka = inject("kafka") ?? "";

const LOAD = resolve("test/programs/load.cjs");

const DECISION_WAIT_MS = 2000;
const KEEP_ALL = {
	tail_sampling: {
		decision_wait: `${DECISION_WAIT_MS}ms`,
		policies: [{ name: "all", type: "always_sample" }],
	},
};

describe.skipIf(!jaeger || !collector || !kafka)(
	"the way past one machine, when a part of it ends",
	() => {
		let sampler: Sampler;
		let gateway: Gateway;
		let ingester: Ingester;
		const cleanups: (() => Promise<unknown>)[] = [];

		beforeAll(async () => {
			const broker = await startKafka(kafka);
			cleanups.push(() => broker.stop());
			const [port] = await freePorts(1);
			sampler = await startSampler(collector, local(port), broker, KEEP_ALL);
			cleanups.push(() => sampler.stop("SIGKILL"));
			gateway = await startGateway(collector, [local(port)]);
			cleanups.push(() => gateway.stop("SIGKILL"));
			ingester = await startIngester(jaeger, broker, "badger");
			cleanups.push(() => ingester.stop("SIGKILL"));
		}, 180_000);

		afterAll(async () => {
			for (const cleanup of cleanups.reverse()) await cleanup();
		}, 60_000);

		/** Sends spans while something happens to a part. @returns what was sent, and how to look at what has arrived */
		async function sentDuring(
			service: string,
			happening: () => Promise<unknown>,
		): Promise<{ sent: Span[]; stored: () => Promise<Span[]> }> {
			const stored = () => storedSpans(ingester, service);
			const heard = (since: number) =>
				until(async () => expect(heardSince(await stored(), since)).toBe(true));
			const load = await startLoad(gateway.collector, service, 100);
			let sent: Span[] = [];
			try {
				await heard(0);
				await happening();
				await heard(Date.now());
			} finally {
				sent = await load.stop();
			}
			return { sent, stored };
		}

		it("loses nothing when a gateway is killed", async () => {
			const { sent, stored } = await sentDuring("gateway-killed", async () => {
				await gateway.stop("SIGKILL");
				gateway = await gateway.restart();
			});
			await until(async () =>
				expect(missing(sent, await stored())).toEqual([]),
			);
		}, 180_000);

		it("loses nothing when an ingester is killed", async () => {
			const { sent, stored } = await sentDuring("ingester-killed", async () => {
				await ingester.stop("SIGKILL");
				ingester = await ingester.restart();
			});
			await until(async () =>
				expect(missing(sent, await stored())).toEqual([]),
			);
		}, 180_000);

		it("loses nothing when a sampler is stopped", async () => {
			const { sent, stored } = await sentDuring("sampler-stopped", async () => {
				await sampler.stop();
				sampler = await sampler.restart();
			});
			await until(async () =>
				expect(missing(sent, await stored())).toEqual([]),
			);
		}, 180_000);

		it("loses nothing of what has piled up meanwhile, more than Kafka takes in a message", async () => {
			const SERVICE = "piled-up";
			const server = await startServer({
				handler: (_, response) => response.end(),
			});
			await sampler.stop();
			const { stderr, spans } = await runProgram(LOAD, {
				arguments: [`${server.origin}/${"x".repeat(1000)}`, "1500", "1500"],
				timeLimit: 120_000,
				environment: exportTo(gateway.collector, SERVICE),
			});
			await server.close();
			expect(stderr).toBe("");
			sampler = await sampler.restart();
			await until(async () =>
				expect(missing(spans, await storedSpans(ingester, SERVICE))).toEqual(
					[],
				),
			);
		}, 240_000);

		it("loses what a sampler that is killed has waited with, and nothing else", async () => {
			let killed = 0;
			const { sent, stored } = await sentDuring("sampler-killed", async () => {
				// Longer than it waits: what was sent before is decided on.
				await sleep(2 * DECISION_WAIT_MS);
				killed = Date.now();
				await sampler.stop("SIGKILL");
				sampler = await sampler.restart();
			});
			const last = sent.reduce((a, b) => (a.end > b.end ? a : b));
			await until(async () =>
				expect(missing([last], await stored())).toEqual([]),
			);
			await sleep(2 * DECISION_WAIT_MS);
			const lost = missing(sent, await stored());
			expect(lost.length).toBeGreaterThan(0);
			const ages = lost.map(({ end }) => killed - Number(end / 1_000_000n));
			console.log(
				`A sampler that waits for ${DECISION_WAIT_MS} ms was killed: ${lost.length} of ${sent.length} spans lost, ` +
					`which had ended ${Math.min(...ages)} to ${Math.max(...ages)} ms before`,
			);
			const elsewhere = sent.filter(
				({ end }) => end > BigInt(killed) * 1_000_000n,
			);
			expect(missing(elsewhere, await stored())).toEqual([]);
		}, 240_000);
	},
);
