import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, inject, it } from "vitest";
import { jsonOfProtobuf } from "../support/otlp-protobuf.js";
import { readSpans, type Span } from "../support/spans.js";
import { startTraceService } from "../support/trace-service.js";
import { type Gateway, startGateway } from "./fleet.js";
import { freePorts, local } from "./server-process.js";
import { heardSince, missing, startLoad } from "./steady-load.js";
import { until } from "./until.js";

const collector = inject("collector") ?? "";

describe.skipIf(!collector)(
	"a gateway that is killed and started again",
	() => {
		const cleanups: (() => Promise<unknown>)[] = [];

		afterEach(async () => {
			for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
		}, 60_000);

		function started(gateway: Gateway): Gateway {
			cleanups.push(() => gateway.stop("SIGKILL"));
			return gateway;
		}

		async function restarted(gateway: Gateway): Promise<Gateway> {
			await gateway.stop("SIGKILL");
			return started(await gateway.restart());
		}

		/** Takes the place of a sampler. @returns what comes */
		async function arrivingAt(port: number | undefined): Promise<Span[]> {
			const spans: Span[] = [];
			const { close } = await startTraceService((request) => {
				spans.push(...readSpans(jsonOfProtobuf(request)));
			}, port);
			cleanups.push(close);
			return spans;
		}

		it("has lost nothing of what agents have delivered, whenever it is killed", async () => {
			const [port] = await freePorts(1);
			const arrived = await arrivingAt(port);
			let gateway = started(await startGateway(collector, [local(port)]));
			const load = await startLoad(gateway.collector, "agents", 10);
			await until(() => expect(heardSince(arrived, 0)).toBe(true));
			for (let kill = 0; kill < 4; kill++) {
				await sleep(300 * Math.random());
				gateway = await restarted(gateway);
				const again = Date.now();
				await until(() => expect(heardSince(arrived, again)).toBe(true));
			}
			const sent = await load.stop();
			expect(sent.length).toBeGreaterThan(300);
			await until(() => expect(missing(sent, arrived)).toEqual([]));
		}, 180_000);

		it("has kept what no sampler has taken yet", async () => {
			const [port] = await freePorts(1);
			const gateway = started(await startGateway(collector, [local(port)]));
			const load = await startLoad(gateway.collector, "agents", 10);
			await sleep(2000);
			const sent = await load.stop();
			expect(sent.length).toBeGreaterThan(100);
			await restarted(gateway);
			const arrived = await arrivingAt(port);
			await until(() => expect(missing(sent, arrived)).toEqual([]));
		}, 180_000);
	},
);
