// Makes requests one after the other on one connection until the server answers `stop`.
// Arguments: origin, milliseconds between two.
const http = require("node:http");
const { text } = require("node:stream/consumers");
const { setTimeout: sleep } = require("node:timers/promises");

const [origin, pause] = process.argv.slice(2);
const agent = new http.Agent({ keepAlive: true });

function get() {
	return new Promise((resolve, reject) => {
		http
			.get(origin, { agent }, (response) => resolve(text(response)))
			.on("error", reject);
	});
}

async function main() {
	while ((await get()) !== "stop") await sleep(Number(pause));
	agent.destroy();
}

main();
