import { say } from "./agent/log";
import { startAgent } from "./agent/start";

try {
	startAgent(process.env);
} catch (error) {
	// The program runs as if nothing had been preloaded.
	say(`cannot run here, nothing is traced: ${(error as Error).message}`);
}
