// Makes requests one after the other: a few on connections of their own, a few that fail, one that is slow.
// Arguments: origin, number of requests, milliseconds between two.
const http = require("node:http");
const { setTimeout: sleep } = require("node:timers/promises");

const [origin, count, pause] = process.argv.slice(2);
const [kept, closed] = [true, false].map(
	(keepAlive) => new http.Agent({ keepAlive }),
);

function get(path, agent) {
	return new Promise((resolve, reject) => {
		http
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
	for (let call = 0; call < Number(count); call++) {
		await get(pathOf(call), call % 50 === 49 ? closed : kept);
		if (Number(pause) > 0) await sleep(Number(pause));
	}
	kept.destroy();
}

main();
