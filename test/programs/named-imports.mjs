// Gets a path twice by functions imported by name, then looks up a name, as ES modules do.
import { lookup } from "node:dns";
import { lookup as lookupPromise } from "node:dns/promises";
import { Agent, request } from "node:https";

const agent = new Agent({ keepAlive: true });

for (const path of ["/first", "/second"]) {
	await new Promise((resolve, reject) => {
		const sent = request(process.argv[2] + path, { agent }, (response) => {
			response.resume();
			response.on("end", () => setImmediate(resolve));
		});
		sent.on("error", reject);
		sent.end();
	});
}
agent.destroy();
await new Promise((resolve) => lookup("localhost", resolve));
await lookupPromise("localhost");
