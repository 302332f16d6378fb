// Makes requests one after the other: every so often one on a connection of its own, a few that fail, one that is slow.
// Arguments: origin, number of requests, how often one has a connection of its own.
const { setTimeout: sleep } = require("node:timers/promises");

const [origin, count, every] = process.argv.slice(2);
const client = require(
	origin.startsWith("https:") ? "node:https" : "node:http",
);
const [kept, closed] = [true, false].map(
	(keepAlive) => new client.Agent({ keepAlive }),
);

function get(path, agent) {
	return new Promise((resolve, reject) => {
		client
			.get(origin + path, { agent }, (response) =>
				response.resume().on("end", resolve),
			)
			.on("error", reject);
	});
}

function pathOf(call) {
	if (call === 5) return "/delay/1100";
	return call % 40 === 7 ? "/status/500" : "/";
}

async function main() {
	for (let call = 1; call <= Number(count); call++) {
		await get(pathOf(call), call % Number(every) === 0 ? closed : kept);
	}
	kept.destroy();
	// Until all spans are delivered: what is under way when a process ends is sent again, and would be counted twice.
	await sleep(2000);
}

main();
