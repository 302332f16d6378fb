// Puts by hand over TLS. Arguments: reused | fresh, and how many for warmth if not a quarter of those that count.
const https = require("node:https");
const { measure, report } = require("./measure.cjs");
const { put } = require("./put.cjs");

const { BENCH_SECURE, BENCH_COUNT } = process.env;
const [, , connections, warmUp] = process.argv;
const reused = connections === "reused";
const agent = new https.Agent({ keepAlive: reused, maxSockets: 16 });
const count = Number(BENCH_COUNT);

measure(() => put(BENCH_SECURE, agent), {
	count,
	warmUp: warmUp ? Number(warmUp) : Math.ceil(count / 4),
	atOnce: reused ? 16 : 4,
}).then((cpu) => {
	report({ cpu });
	agent.destroy();
});
