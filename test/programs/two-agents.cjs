// Three requests over an agent without keep-alive, three over one with it, to the address in the first argument.
const http = require("node:http");

const [origin] = process.argv.slice(2);

function get(agent) {
	return new Promise((resolve, reject) => {
		http
			.get(origin, { agent }, (response) => {
				response.resume();
				response.on("end", resolve);
			})
			.on("error", reject);
	});
}

async function main() {
	const off = new http.Agent({ keepAlive: false });
	const on = new http.Agent({ keepAlive: true });
	for (let call = 1; call <= 3; call++) await get(off);
	for (let call = 1; call <= 3; call++) await get(on);
	on.destroy();
}

main().catch((error) => {
	console.error(error);
	process.exitCode = 1;
});
