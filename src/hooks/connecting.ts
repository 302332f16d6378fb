import type { Connection } from "../connections/connection";

let connecting: Connection | undefined;

/** The connection whose socket is inside `connect()` right now; the lookup that it asks for is called from there. */
export function beingConnected(): Connection | undefined {
	return connecting;
}

export function whileConnecting<T>(connection: Connection, run: () => T): T {
	const outer = connecting;
	connecting = connection;
	try {
		return run();
	} finally {
		connecting = outer;
	}
}
