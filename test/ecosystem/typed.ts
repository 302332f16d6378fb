// Gets a path twice, written in TypeScript.
import { Agent, get } from "node:http";

interface Target {
	readonly origin: string;
}

const { origin }: Target = { origin: process.argv[2] ?? "" };
const agent = new Agent({ keepAlive: true });

async function ask(path: string): Promise<void> {
	await new Promise<void>((resolve, reject) => {
		get(origin + path, { agent }, (response) => {
			response.resume().on("end", () => setImmediate(resolve));
		}).on("error", reject);
	});
}

ask("/first")
	.then(() => ask("/second"))
	.then(() => agent.destroy());
