/** The clocks as they are before a program puts others in their place, as tests do that steer time by hand. */
const monotonic = performance;
const { now: readMonotonic } = performance;
const { cpuUsage } = process;

/** Milliseconds of the monotonic clock. */
export const now = (): number => readMonotonic.call(monotonic);

/** Milliseconds since 1970 at which the monotonic clock showed none. */
export const { timeOrigin } = performance;

/** Milliseconds since 1970, as the system has them just now. */
export const { now: timeOfDay } = Date;

/** Milliseconds for which the process has computed. */
export function cpuTime(): number {
	const { user, system } = cpuUsage.call(process);
	return (user + system) / 1000;
}
