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

/** Says one line to the people who run the program. Spans go elsewhere; this is for what they must know. */
export function say(line: string, level: LogLevel = "warn"): void {
	if (LOG_LEVELS.indexOf(level) > LOG_LEVELS.indexOf(said)) return;
	process.stderr.write(`conntrace: ${line}\n`);
}
