// A program for a process manager: gets a path twice and ends.
import { Agent, get } from "node:http";

const agent = new Agent({ keepAlive: true });
for (const path of ["/first", "/second"]) {
	await new Promise((resolve, reject) => {
		get(process.env.TEST_TARGET + path, { agent }, (response) => {
			response.resume().on("end", () => setImmediate(resolve));
		}).on("error", reject);
	});
}
process.exit();
