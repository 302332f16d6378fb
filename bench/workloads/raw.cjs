// Puts by hand over TLS. Argument: reused | fresh.
const https = require("node:https");
const { measure, report } = require("./measure.cjs");
const { put } = require("./put.cjs");

const { BENCH_SECURE, BENCH_COUNT } = process.env;
const reused = process.argv[2] === "reused";
const agent = new https.Agent({ keepAlive: reused, maxSockets: 16 });
const count = Number(BENCH_COUNT);

measure(() => put(BENCH_SECURE, agent), {
	count,
	warmUp: Math.ceil(count / 4),
	atOnce: reused ? 16 : 4,
}).then((cpu) => {
	report({ cpu });
	agent.destroy();
});
