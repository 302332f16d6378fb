import { printable } from "../printable";

/** The levels of OTEL_LOG_LEVEL, each with those before it. */
export const LOG_LEVELS = [
	"none",
	"error",
	"warn",
	"info",
	"debug",
	"verbose",
	"all",
] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];

let said: LogLevel = "warn";

/** Lines of this level and of those before it are said from now on. */
export function setLogLevel(level: LogLevel): void {
	said = level;
}

/** More says nothing more, and may be what somebody wants others to read. */
const MAX_LENGTH = 2000;

/**
 * Says one line to the people who run the program. Spans go elsewhere; this is for what they must know.
 * @param frames of a stack, which follow on lines of their own
 */
export function say(
	line: string,
	level: LogLevel = "warn",
	frames: readonly string[] = [],
): void {
	if (LOG_LEVELS.indexOf(level) > LOG_LEVELS.indexOf(said)) return;
	try {
		const lines = [`conntrace: ${line}`, ...frames]
			.map((text) => `${printable(text.slice(0, MAX_LENGTH))}\n`)
			.join("");
		process.stderr.write(lines);
	} catch {
		// A program may have put something in its place that throws, and there is nowhere else to say it.
	}
}
