import { say } from "./log";

/** After this many faults the agent stops to observe: what it would still say could not be trusted. */
const LIMIT = 10;

/** A program may have taken away what is needed to read an error, or have made one that cannot be read. */
function linesOf(error: unknown): string[] {
	try {
		const stack = error instanceof Error ? error.stack : undefined;
		return (stack ?? String(error)).split("\n");
	} catch {
		return ["an error that cannot be read"];
	}
}

/** Takes the faults of the agent itself: the first and the last are said, all are counted, the program goes on. */
export class Faults {
	private count = 0;

	/** The agent has switched itself off. */
	get exhausted(): boolean {
		return this.count >= LIMIT;
	}

	readonly take = (error: unknown): void => {
		this.count += 1;
		if (this.count === 1) {
			const [what, ...frames] = linesOf(error);
			say(
				`a fault of its own, the trace may be incomplete: ${what}`,
				"warn",
				frames,
			);
		}
		if (this.count === LIMIT) {
			say(`switched off after ${LIMIT} faults of its own`);
		}
	};

	/** Switches the agent off, as if nothing had been preloaded. */
	giveUp(): void {
		this.count = LIMIT;
	}

	/** Runs a part of the agent that no observation surrounds, such as the work of a timer. */
	readonly guard = (run: () => void): void => {
		try {
			run();
		} catch (error) {
			this.take(error);
		}
	};
}
