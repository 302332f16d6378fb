import { SingleBar } from "cli-progress";

export interface Progress {
	begin(title: string, total: number): void;
	step(): void;
	/** Leaves the terminal as it was; may be called at any time. */
	end(): void;
}

/** A bar on a terminal, a line per title elsewhere. */
export function createProgress(output: NodeJS.WriteStream): Progress {
	return output.isTTY ? bar(output) : lines(output);
}

function bar(output: NodeJS.WriteStream): Progress {
	const single = new SingleBar({
		stream: output,
		format: "{title} {bar} {value}/{total} puts",
		barCompleteChar: "█",
		barIncompleteChar: "░",
		barsize: 30,
		hideCursor: true,
		clearOnComplete: true,
		// The demo itself ends on Ctrl-C.
		gracefulExit: false,
	});
	return {
		begin(title, total) {
			single.start(total, 0, { title: title.padEnd(22) });
		},
		step: () => single.increment(),
		end: () => single.stop(),
	};
}

function lines(output: NodeJS.WriteStream): Progress {
	return {
		begin(title, total) {
			output.write(`${title}: ${total} puts ...\n`);
		},
		step() {},
		end() {},
	};
}
