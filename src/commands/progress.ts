import { SingleBar } from "cli-progress";

export interface Progress {
	/** @param share of the work that is done, from 0 to 1 */
	update(share: number): void;
	/** Leaves the terminal as it was; may be called at any time. */
	end(): void;
}

/** A bar with the time left, on a terminal; nothing elsewhere. */
export function showProgress(
	output: NodeJS.WriteStream,
	title: string,
): Progress {
	if (!output.isTTY) return { update() {}, end() {} };
	const bar = new SingleBar({
		stream: output,
		format: "{title} {bar} {percentage} %, {eta_formatted} left",
		barCompleteChar: "█",
		barIncompleteChar: "░",
		barsize: 30,
		hideCursor: true,
		clearOnComplete: true,
		// What interrupts the command ends the bar as well.
		gracefulExit: false,
	});
	bar.start(1, 0, { title });
	return {
		update: (share) => bar.update(share),
		end: () => bar.stop(),
	};
}
