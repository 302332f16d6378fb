import pc from "picocolors";
import type { Emphasis } from "../report/terminal";

/** Colours on a terminal, unless NO_COLOR is set (no-color.org). */
export function emphasisFor(
	output: NodeJS.WriteStream,
	{ NO_COLOR, TERM }: NodeJS.ProcessEnv = process.env,
): Emphasis {
	return pc.createColors(output.isTTY && !NO_COLOR && TERM !== "dumb");
}
