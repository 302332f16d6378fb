// Puts by AWS SDK v3, one after the other; also says how much memory they leave behind.
const { measure, report } = require("./measure.cjs");
const { client, put } = require("./sdk-put.cjs");

const count = Number(process.env.BENCH_COUNT);
measure(put, { count, warmUp: Math.ceil(count / 4) }).then((cpu) => {
	report({ cpu, memory: process.memoryUsage.rss() / 2 ** 20 });
	client.destroy();
});
