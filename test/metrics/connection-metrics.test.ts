import { MeterProvider, MetricReader } from "@opentelemetry/sdk-metrics";
import { beforeEach, describe, expect, it } from "vitest";
import type { Connection } from "../../src/connections/connection.js";
import { ConnectionMetrics } from "../../src/metrics/connection-metrics.js";
import { connection, HOST, request } from "../connections/model.js";

class Reader extends MetricReader {
	protected override async onForceFlush(): Promise<void> {}
	protected override async onShutdown(): Promise<void> {}

	/** Attributes and values of a metric. */
	async points(name: string): Promise<unknown[]> {
		const { resourceMetrics } = await this.collect();
		return resourceMetrics.scopeMetrics
			.flatMap(({ metrics }) => metrics)
			.filter(({ descriptor }) => descriptor.name === name)
			.flatMap(({ dataPoints }) => dataPoints as { value: unknown }[])
			.map(({ value }) => value);
	}
}

let open: Connection[];
let provider: MeterProvider | undefined;
let asked: number;
let metrics: ConnectionMetrics;

beforeEach(() => {
	open = [];
	provider = undefined;
	asked = 0;
	metrics = new ConnectionMetrics({
		connections: () => open,
		guard: (run) => run(),
		meter: () => {
			asked += 1;
			return provider?.getMeter("test");
		},
	});
});

function reusedRequest() {
	const carrier = opened();
	carrier.requestCount = 2;
	const reused = request();
	reused.connection = carrier;
	reused.number = 2;
	reused.endedAt = 5;
	return reused;
}

function opened(): Connection {
	const ready = connection();
	ready.setup.end = 1;
	ready.readyAt = 1;
	ready.pool = { agentId: 1, key: "table.test:443:" };
	ready.decision = {
		reason: "first_connection",
		detail: "",
		contributing: [],
	};
	return ready;
}

function withReader(): Reader {
	const reader = new Reader();
	provider = new MeterProvider({ readers: [reader] });
	return reader;
}

describe("metrics of connections", () => {
	it("are no matter of a reused request: no meter is asked for", () => {
		metrics.requestEnded(reusedRequest());
		expect(asked).toBe(0);
	});

	it("are none without a meter, and begin with one", async () => {
		metrics.setupEnded(opened());
		const reader = withReader();
		metrics.setupEnded(opened());
		expect(await reader.points("conntrace.connections.fresh")).toEqual([1]);
	});

	it("of open connections are counted when the meter asks, and go back to zero", async () => {
		const reader = withReader();
		const idle = opened();
		idle.requestCount = 1;
		const active = opened();
		active.openRequests = 1;
		metrics.setupEnded(idle);
		open = [idle, active, connection("still connecting")];
		const name = "http.client.open_connections";
		expect(await reader.points(name)).toEqual([1, 1]);
		active.openRequests = 0;
		expect(await reader.points(name)).toEqual([0, 2]);
		open = [];
		expect(await reader.points(name)).toEqual([0, 0]);
	});

	it("move to the meter that replaces another", async () => {
		const first = withReader();
		open = [opened()];
		metrics.setupEnded(opened());
		expect(await first.points("http.client.open_connections")).toHaveLength(2);
		const second = withReader();
		metrics.setupEnded(opened());
		open = [];
		expect(await second.points("http.client.open_connections")).toEqual([0, 0]);
		expect(await first.points("conntrace.connections.fresh")).toEqual([1]);
		expect(await second.points("conntrace.connections.fresh")).toEqual([1]);
	});

	it("count a connection whose reason is known later when its request ends, once", async () => {
		const reader = withReader();
		const late = opened();
		const { decision } = late;
		delete late.decision;
		metrics.setupEnded(late);
		const name = "conntrace.connections.fresh";
		expect(await reader.points(name)).toEqual([]);
		if (decision) late.decision = decision;
		const fresh = request();
		fresh.caused = late;
		metrics.requestEnded(fresh);
		metrics.requestEnded(fresh);
		expect(await reader.points(name)).toEqual([1]);
	});

	it("name no method that is no known one", async () => {
		const reader = withReader();
		const waiting = request({ method: "BREW" });
		waiting.wait = {
			pool: { free: 0, busy: 1, queued: 0 },
			detail: "",
			unread: 0,
		};
		waiting.assignedAt = 20;
		metrics.requestEnded(waiting);
		const { resourceMetrics } = await reader.collect();
		const [metric] = resourceMetrics.scopeMetrics[0]?.metrics ?? [];
		expect(metric?.dataPoints[0]).toMatchObject({
			attributes: {
				"http.request.method": "_OTHER",
				"server.address": HOST.host,
			},
			value: { count: 1, sum: 0.02 },
		});
	});
});
