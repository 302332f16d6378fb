import type { Connection } from "../connections/connection";

/** How many failures in a row are told one by one. */
const TOLD = 10;
/** From then on, how far apart those are that are told, in milliseconds. */
const PAUSE = 60_000;
/** Of how many servers it is remembered: of more, of those that failed last. */
const MOST_SERVERS = 1000;

interface Failures {
	toldAt: number;
	/** The last one that was not told. */
	heldBack?: Connection | undefined;
}

/**
 * Drivers reconnect in the background until their server is back, which may take days. Of connections that nobody
 * asked for and that fail one after the other, only some are told; each says how many there were.
 */
export class Reconnects {
	private readonly failing = new Map<string, Failures>();

	constructor(private readonly now: () => number) {}

	/** What is to be told now that this connection came about or failed. */
	toTell(connection: Connection): Connection[] {
		const { origin, failuresInRow } = connection;
		const server = `${origin.host}:${origin.port}`;
		const failures = this.failing.get(server);
		if (failuresInRow === 0) {
			this.failing.delete(server);
			return failures?.heldBack
				? [failures.heldBack, connection]
				: [connection];
		}
		if (failuresInRow <= TOLD) return [connection];
		const now = this.now();
		if (failures && now < failures.toldAt + PAUSE) {
			failures.heldBack = connection;
			return [];
		}
		// A map keeps the order in which its keys came.
		this.failing.delete(server);
		this.failing.set(server, { toldAt: now });
		return [...this.forgetOldest(), connection];
	}

	private forgetOldest(): Connection[] {
		if (this.failing.size <= MOST_SERVERS) return [];
		for (const [server, { heldBack }] of this.failing) {
			this.failing.delete(server);
			return heldBack ? [heldBack] : [];
		}
		return [];
	}

	/** Those that are still held back. */
	*takeHeldBack(): Generator<Connection> {
		for (const failures of this.failing.values()) {
			if (failures.heldBack) yield failures.heldBack;
			failures.heldBack = undefined;
		}
	}
}
