import { runOutside } from "./outside";

/** The timers as they are before a program puts others in their place, as tests do that steer time by hand. */
const {
	setTimeout: startTimeout,
	clearTimeout,
	setImmediate: startImmediate,
} = globalThis;

export { clearTimeout };

/** Runs it outside of whatever the program is doing just now. */
export function setTimeout(
	run: () => void,
	milliseconds: number,
): NodeJS.Timeout {
	return runOutside(() => startTimeout(run, milliseconds));
}

/** Runs it outside of whatever the program is doing just now. */
export function setImmediate(run: () => void): NodeJS.Immediate {
	return runOutside(() => startImmediate(run));
}
