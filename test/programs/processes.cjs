// Makes requests in this process and in child processes: the way to start them, the origin, how many, requests of each.
const { fork, spawn } = require("node:child_process");
const cluster = require("node:cluster");

const [kind, origin, count, requests] = process.argv.slice(2);
const client = require(origin.startsWith("https") ? "node:https" : "node:http");
const agent = new client.Agent({ keepAlive: true });

async function main() {
	const children = [];
	for (let child = 0; child < Number(count); child++) children.push(start());
	await Promise.all([...children, work()]);
}

function start() {
	const child = startChild();
	return new Promise((resolve) => (child.process ?? child).on("exit", resolve));
}

function startChild() {
	const own = ["child", origin, "0", requests];
	if (kind === "cluster") {
		cluster.setupPrimary({ args: own });
		return cluster.fork();
	}
	if (kind === "spawn") return spawn(process.execPath, [__filename, ...own]);
	return fork(__filename, own, {
		...(kind === "fork-without-options" && { execArgv: [] }),
	});
}

async function work() {
	for (let request = 0; request < Number(requests); request++) await get();
	agent.destroy();
	if (cluster.isWorker) cluster.worker.disconnect();
}

function get() {
	return new Promise((resolve, reject) =>
		client
			.get(`${origin}/${process.pid}`, { agent }, (response) => {
				response.resume();
				response.on("end", () => setImmediate(resolve));
			})
			.on("error", reject),
	);
}

main();
