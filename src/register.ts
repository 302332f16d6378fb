import { say } from "./agent/log";
import type * as Start from "./agent/start";

try {
	const { startAgent } = require("./agent/start") as typeof Start;
	startAgent(process.env);
} catch (error) {
	// The program runs as if nothing had been preloaded.
	say(`cannot run here, nothing is traced: ${(error as Error).message}`);
}
