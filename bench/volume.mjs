// Writes the spans of many reused requests to a collector that keeps up, and says whether all of them arrived and for
// how long the event loop was held up, next to the same without the agent.
// `node bench/volume.mjs [requests a second] [seconds]`
import { fork } from "node:child_process";
import { once } from "node:events";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { agent, reusedRequest, writerTo } from "./agent-parts.mjs";

const rate = Number(process.argv[2] ?? 20_000);
const seconds = Number(process.argv[3] ?? 60);
const TICK_MS = 2;

const servers = fork(new URL("servers.mjs", import.meta.url));
const [{ collector }] = await once(servers, "message");

/** Calls `work` at the rate, in small groups. @returns milliseconds for which the event loop was late */
async function atRate(work) {
	const delay = monitorEventLoopDelay({ resolution: 1 });
	delay.enable();
	const begin = performance.now();
	let done = 0;
	while (performance.now() - begin < seconds * 1000) {
		await sleep(TICK_MS);
		const due = ((performance.now() - begin) / 1000) * rate;
		for (; done < due; done++) work();
	}
	delay.disable();
	const at = (percentile) =>
		Math.max(0, delay.percentile(percentile) / 1e6 - 1).toFixed(1);
	return { done, p50: at(50), p99: at(99), p999: at(99.9), max: at(100) };
}

const pipeline = new agent.ExportPipeline({
	configuration: {
		collector: agent.readCollectorSettings(
			new agent.Variables({
				OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector}`,
			}),
		),
		file: undefined,
	},
	resource: agent.createResource({ "service.name": "bench" }),
	unseen: (run) => run(),
});
const writer = writerTo((span) => pipeline.write(span));
const requests = (write) => () => {
	const request = reusedRequest();
	if (write) writer.requestEnded(request);
};

const plain = await atRate(requests(false));
const cpu = process.cpuUsage();
const traced = await atRate(requests(true));
await pipeline.flush(5000);
const { user, system } = process.cpuUsage(cpu);
const [{ ledger }] = pipeline.outputs;
servers.kill();

console.table({ "without spans": plain, "with spans": traced });
console.log(
	`${ledger.written} spans: ${ledger.delivered} delivered, ${ledger.lost} lost; ${((user + system) / ledger.written).toFixed(1)} µs of CPU each`,
);
process.exit(ledger.delivered === traced.done ? 0 : 1);
