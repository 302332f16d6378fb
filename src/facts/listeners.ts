import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { CONNECTION_CHANNEL, REQUEST_CHANNEL } from "./channel-names";
import type { ConnectionFacts, RequestFacts } from "./facts";

/** Ends the subscription that gave it. */
export type Unsubscribe = () => void;

/**
 * Tells of every HTTP attempt that is over, whether or not it is traced: by the preload, or by the instrumentation.
 * The listener runs in the turn in which the request ends, in its asynchronous context. The first error that
 * it throws or rejects with becomes a warning of the process (`process.on("warning")`), and none goes anywhere else.
 */
export function onRequest(
	listener: (facts: RequestFacts) => void,
): Unsubscribe {
	return listen(REQUEST_CHANNEL, "onRequest", listener);
}

/** The same of every connection that is opened, secured later, closed, or that fails. */
export function onConnection(
	listener: (facts: ConnectionFacts) => void,
): Unsubscribe {
	return listen(CONNECTION_CHANNEL, "onConnection", listener);
}

function listen<Facts>(
	channel: string,
	caller: string,
	listener: (facts: Facts) => void,
): Unsubscribe {
	if (typeof listener !== "function") {
		throw new TypeError(
			`${caller} expects a function, and got ${listener === null ? "null" : typeof listener}`,
		);
	}
	let warned = false;
	const warn = (error: unknown): void => {
		if (warned) return;
		warned = true;
		process.emitWarning(
			`a listener of ${caller} failed: ${error instanceof Error ? error.stack : String(error)}`,
			"ConntraceWarning",
		);
	};
	const subscriber = (facts: unknown): void => {
		try {
			const result: unknown = listener(facts as Facts);
			if (result instanceof Promise) result.catch(warn);
		} catch (error) {
			warn(error);
		}
	};
	subscribe(channel, subscriber);
	return () => {
		unsubscribe(channel, subscriber);
	};
}
