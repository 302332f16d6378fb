// Puts on kept connections without TLS, many at once, for some seconds. Says how many there were, for how long the event
// loop was held up, and how much memory the process took at most.
const http = require("node:http");
const { monitorEventLoopDelay } = require("node:perf_hooks");
const { lateness } = require("./lateness.cjs");
const { report } = require("./measure.cjs");
const { put } = require("./put.cjs");

const { BENCH_PLAIN, BENCH_SECONDS } = process.env;
const AT_ONCE = 32;
const agent = new http.Agent({ keepAlive: true, maxSockets: AT_ONCE });

async function main() {
	const delay = monitorEventLoopDelay({ resolution: 1 });
	delay.enable();
	const end = performance.now() + Number(BENCH_SECONDS) * 1000;
	let puts = 0;
	const worker = async () => {
		while (performance.now() < end) {
			await put(BENCH_PLAIN, agent);
			puts += 1;
		}
	};
	await Promise.all(Array.from({ length: AT_ONCE }, worker));
	delay.disable();
	const resident = process.resourceUsage().maxRSS / 1024;
	report({ puts, late: lateness(delay), resident });
	agent.destroy();
}

main();
