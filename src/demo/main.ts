import { constants } from "node:os";
import { join } from "node:path";
import { Failure } from "../failure.js";
import { runDemo } from "./demo.js";

type Signal = "SIGINT" | "SIGTERM";

async function main(): Promise<void> {
	const interruption = new AbortController();
	let received: Signal | undefined;
	const interrupt = (name: Signal) => {
		received = name;
		interruption.abort();
	};
	// More than once: npm hands Ctrl-C on to a process that has it from the terminal already.
	process.on("SIGINT", interrupt);
	process.on("SIGTERM", interrupt);
	try {
		await runDemo(
			join(__dirname, ".."),
			process.stdout,
			process.env,
			interruption.signal,
		);
	} catch (error) {
		if (received) {
			process.exitCode = 128 + constants.signals[received];
			return;
		}
		console.error(error instanceof Failure ? error.message : error);
		process.exitCode = 1;
	}
}

main();
