// Writes the spans of many reused requests at a rate to a collector that keeps up. Says whether all of them arrived, how
// late the event loop was next to the same without spans, and how long each step of the export took.
// `node bench/volume.mjs --help` tells the options.
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { agent, reusedRequest, writerTo } from "./agent-parts.mjs";
import { figure, markdownTable } from "./markdown.mjs";
import { readOptions } from "./options.mjs";
import { startOtherEnds } from "./other-ends.mjs";
import { StepTimes } from "./step-times.mjs";
import { lateness } from "./workloads/lateness.cjs";

const { rate, seconds } = readOptions({
	rate: ["requests a second", 20_000],
	seconds: ["how long", 60],
});
const TICK_MS = 2;

/** Calls `work` at the rate, in small groups. */
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
	return { done, late: lateness(delay) };
}

const ends = await startOtherEnds();
const pipeline = new agent.ExportPipeline({
	configuration: {
		collector: agent.readCollectorSettings(
			new agent.Variables(ends.environment),
		),
		file: undefined,
	},
	resource: agent.createResource({ "service.name": "bench" }),
	unseen: (run) => run(),
	faults: {
		guard: (run) => run(),
		take(error) {
			throw error;
		},
	},
});
const [output] = pipeline.outputs;
/** All that the export does in a turn of the event loop is done in one of these. */
const steps = new StepTimes(output, {
	add: "take a span",
	sendNext: "send batches",
	settle: "be done with a batch",
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
const { ledger } = output;
await ends.stop();

const milliseconds = (value) => `${figure(value)} ms`;
console.log(
	markdownTable(
		["event loop", "late, p99", "p99.9", "longest"],
		Object.entries({ "without spans": plain, "with spans": traced }).map(
			([name, { late }]) => [name, ...Object.values(late).map(milliseconds)],
		),
	),
);
console.log(
	`\n${markdownTable(
		["step of the export", "times", "p99.9", "longest"],
		steps.rows.map(({ name, times, p999, longest }) => [
			name,
			String(times),
			milliseconds(p999),
			milliseconds(longest),
		]),
	)}`,
);
console.log(
	`\n${ledger.written} spans: ${ledger.delivered} delivered, ${ledger.lost} lost; ${((user + system) / ledger.written).toFixed(1)} µs of CPU each`,
);
process.exit(ledger.delivered === traced.done ? 0 : 1);
