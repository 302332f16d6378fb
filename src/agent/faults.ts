import { say } from "./log";

/** Takes the faults of the agent itself: the first is said, all are counted, the program goes on. */
export class Faults {
	count = 0;

	readonly take = (error: unknown): void => {
		this.count += 1;
		if (this.count > 1) return;
		const stack = error instanceof Error ? error.stack : String(error);
		say(`a fault of its own, the trace may be incomplete: ${stack}`);
	};
}
