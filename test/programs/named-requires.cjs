// The same as named-imports.mjs for CommonJS.
// biome-ignore lint/style/useNodejsImportProtocol: both ways of naming a module are used
const { lookup } = require("dns");
const { lookup: lookupPromise } = require("node:dns/promises");
// biome-ignore lint/style/useNodejsImportProtocol: both ways of naming a module are used
const { Agent, request } = require("https");

const agent = new Agent({ keepAlive: true });

function get(path) {
	return new Promise((resolve, reject) => {
		const sent = request(process.argv[2] + path, { agent }, (response) => {
			response.resume();
			response.on("end", () => setImmediate(resolve));
		});
		sent.on("error", reject);
		sent.end();
	});
}

async function main() {
	await get("/first");
	await get("/second");
	agent.destroy();
	await new Promise((resolve) => lookup("localhost", resolve));
	await lookupPromise("localhost");
}

main();
