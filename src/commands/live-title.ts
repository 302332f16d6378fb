import type { Summary } from "../report/model";
import { count, percent } from "../report/table";

const INTERVAL_MS = 1000;

/** xterm's sequences that keep the title, set it, and bring the kept one back. */
const KEEP_TITLE = "\u001b[22;2t";
const RESTORE_TITLE = "\u001b[23;2t";
const setTitle = (text: string): string => `\u001b]2;${text}\u0007`;

/**
 * Says in the terminal's title what has been seen so far: a line in the terminal itself would run into what the command
 * writes there. Does nothing where there is no terminal.
 * @returns ends it
 */
export function showLiveTitle(
	output: NodeJS.WriteStream,
	summary: () => Summary,
): () => void {
	if (!output.isTTY || process.env.TERM === "dumb") return () => {};
	output.write(KEEP_TITLE);
	const timer = setInterval(() => {
		const { requests, fresh, reuseRatio } = summary();
		output.write(
			setTitle(
				`conntrace: ${count(requests, "request")}, ${fresh} fresh, ${percent(reuseRatio)} reuse`,
			),
		);
	}, INTERVAL_MS);
	return () => {
		clearInterval(timer);
		output.write(RESTORE_TITLE);
	};
}
