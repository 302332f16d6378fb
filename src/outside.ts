import { AsyncResource } from "node:async_hooks";

const outside = new AsyncResource("conntrace");

/**
 * Runs something outside of whatever the program is doing just now: timers, sockets and signals hold on to that, and with
 * it to what the program keeps in an `AsyncLocalStorage`.
 */
export function runOutside<T>(run: () => T): T {
	return outside.runInAsyncScope(run);
}
