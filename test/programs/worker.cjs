// Gets a path in the main thread and one in a worker.
const https = require("node:https");
const { isMainThread, Worker } = require("node:worker_threads");

const origin = process.argv[2];

if (isMainThread) new Worker(__filename, { argv: [origin] });

https.get(
	`${origin}${isMainThread ? "/main" : "/worker"}`,
	{ agent: false },
	(response) => response.resume(),
);
