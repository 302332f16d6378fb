import pc from "picocolors";
import type { Emphasis } from "../report/terminal";

/** Colours on a terminal, unless NO_COLOR is set (no-color.org). */
export function emphasisFor(
	output: NodeJS.WriteStream,
	{ NO_COLOR, TERM }: NodeJS.ProcessEnv = process.env,
): Emphasis {
	// Given anything but true or false, the library would look at the environment itself, CI and FORCE_COLOR included.
	return pc.createColors(output.isTTY === true && !NO_COLOR && TERM !== "dumb");
}
