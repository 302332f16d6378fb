import type { Attributes, Meter, ObservableResult } from "@opentelemetry/api";
import type { Connection } from "../connections/connection";
import type { Request } from "../connections/request";
import type { Lookup } from "../connections/setup";
import type { TrackerListener } from "../connections/tracker";
import { Attribute } from "../spans/names";
import { createInstruments, type Instruments } from "./instruments";

export interface ConnectionMetricsOptions {
	/** The meter to record by; nothing as long as there is none. Asked whenever there is something to record. */
	readonly meter: () => Meter | undefined;
	/** The connections that are open. */
	readonly connections: () => Iterable<Connection>;
	/** Keeps faults from what reads the metrics. */
	readonly guard: (run: () => void) => void;
}

/** Series of open connections that are kept at zero when the last connection is gone. */
const SERIES_KEPT = 2000;

/** RFC 9110 and RFC 5789. */
const KNOWN_METHODS: ReadonlySet<string> = new Set([
	...["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS"],
	...["PATCH", "POST", "PUT", "TRACE"],
]);

interface Series {
	readonly attributes: Attributes;
	count: number;
}

/**
 * Records metrics as the semantic conventions name them. Nothing is done for a reused request that did not wait: the
 * connections that are open are counted when the meter asks.
 */
export class ConnectionMetrics implements Partial<TrackerListener> {
	private readonly options: ConnectionMetricsOptions;
	private meter: Meter | undefined;
	private instruments: Instruments | undefined;
	private readonly openSeries = new Map<string, Series>();
	/** Connections whose making was over before it was known why they were made. */
	private readonly unexplained = new WeakSet<Connection>();

	constructor(options: ConnectionMetricsOptions) {
		this.options = options;
	}

	requestEnded(request: Request): void {
		const { waited, caused } = request;
		if (waited !== undefined) this.recordWait(request, waited);
		if (caused && this.unexplained.delete(caused)) this.countFresh(caused);
	}

	setupEnded(connection: Connection): void {
		const { setup, decision } = connection;
		if (setup.reopened) return;
		if (setup.lookup) this.lookupEnded(setup.lookup);
		if (decision) this.countFresh(connection);
		else this.unexplained.add(connection);
	}

	lookupEnded({ name, start, end, error }: Lookup): void {
		if (end === undefined) return;
		this.current()?.dnsLookupDuration.record((end - start) / 1000, {
			[Attribute.dnsQuestionName]: name,
			...(error !== undefined && { [Attribute.errorType]: error }),
		});
	}

	connectionEnded(connection: Connection): void {
		const { ending, readyAt, setup } = connection;
		if (!ending || readyAt === undefined || setup.error !== undefined) return;
		if (connection.bare) return;
		this.current()?.connectionDuration.record((ending.at - readyAt) / 1000, {
			...serverOf(connection),
			...versionOf(connection),
		});
	}

	private recordWait({ exchange, connection }: Request, waited: number): void {
		const { method, host, port } = exchange;
		this.current()?.timeInQueue.record(waited / 1000, {
			[Attribute.httpRequestMethod]: KNOWN_METHODS.has(method)
				? method
				: "_OTHER",
			[Attribute.serverAddress]: host,
			[Attribute.serverPort]: port,
			...(connection && versionOf(connection)),
		});
	}

	private countFresh(connection: Connection): void {
		const { decision, setup } = connection;
		if (!decision) return;
		this.current()?.freshConnections.add(1, {
			[Attribute.reason]: decision.reason,
			...serverOf(connection),
			...(setup.error !== undefined && { [Attribute.errorType]: setup.error }),
		});
	}

	/** The instruments of the meter that there is now. */
	private current(): Instruments | undefined {
		const meter = this.options.meter();
		if (meter !== this.meter) {
			this.instruments?.openConnections.removeCallback(this.observeOpen);
			this.meter = meter;
			this.instruments = meter && createInstruments(meter);
			this.instruments?.openConnections.addCallback(this.observeOpen);
		}
		return this.instruments;
	}

	private readonly observeOpen = (result: ObservableResult): void =>
		this.options.guard(() => this.tellOpen(result));

	private tellOpen(result: ObservableResult): void {
		const { meter, openSeries } = this;
		this.current();
		// That meter is not the one to record by any more.
		if (this.meter !== meter) return;
		for (const series of openSeries.values()) series.count = 0;
		for (const connection of this.options.connections()) {
			if (connection.readyAt === undefined) continue;
			if (connection.bare) continue;
			// Both, so that one that has none is told as zero.
			for (const state of ["active", "idle"] as const) {
				const counted = this.seriesOf(connection, state);
				if ((state === "active") === connection.busy) counted.count += 1;
			}
		}
		for (const [key, { count, attributes }] of openSeries) {
			result.observe(count, attributes);
			if (count === 0 && openSeries.size > SERIES_KEPT) openSeries.delete(key);
		}
	}

	private seriesOf(connection: Connection, state: "active" | "idle"): Series {
		const { origin, multiplexed } = connection;
		const key = `${origin.host}:${origin.port} ${multiplexed} ${state}`;
		let series = this.openSeries.get(key);
		if (!series) {
			const attributes = {
				[Attribute.httpConnectionState]: state,
				...serverOf(connection),
				...versionOf(connection),
			};
			series = { attributes, count: 0 };
			this.openSeries.set(key, series);
		}
		return series;
	}
}

function serverOf({ origin }: Connection): Attributes {
	return {
		[Attribute.serverAddress]: origin.host,
		[Attribute.serverPort]: origin.port,
	};
}

/** HTTP/1.0 and 1.1 share connections and are both told as 1.1. */
function versionOf({ multiplexed }: Connection): Attributes {
	return { [Attribute.networkProtocolVersion]: multiplexed ? "2" : "1.1" };
}
