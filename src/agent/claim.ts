/** Every copy of conntrace in a thread finds here which of them observes. */
const KEY = Symbol.for("conntrace.observer");

/** One who observes the connections of this thread. */
export interface Observer {
	/** For people: `the preloaded agent of conntrace 0.1.0`. */
	readonly name: string;
	/** It observes right now. */
	readonly active: boolean;
}

/** Becomes the one who observes in this thread, or returns the one who does so already: two would tell everything twice. */
export function claimObservation(observer: Observer): Observer | undefined {
	const registry = globalThis as { [KEY]?: Observer };
	const present = registry[KEY];
	if (present?.active && present !== observer) return present;
	Object.defineProperty(registry, KEY, {
		value: observer,
		configurable: true,
		writable: true,
	});
	return undefined;
}
