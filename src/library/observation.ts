import { randomBytes } from "node:crypto";
import {
	type Context,
	context,
	type Meter,
	ROOT_CONTEXT,
	type Tracer,
} from "@opentelemetry/api";
import { Faults } from "../agent/faults";
import { tracedHosts } from "../agent/hosts";
import { awsServiceOf } from "../aws/aws-call";
import { Audience } from "../connections/audience";
import { ConnectionTracker } from "../connections/tracker";
import { factPublisher } from "../facts/channels";
import type { FaultSink } from "../hooks/environment";
import { FreezeWatch } from "../hooks/freeze";
import { installHooks } from "../hooks/install";
import { eventLoopIdleTime, ThreadPool } from "../hooks/thread-pool";
import { ConnectionMetrics } from "../metrics/connection-metrics";
import { now } from "../spans/clock";
import { SpanWriter } from "../spans/writer";
import type { ConnectionInstrumentationConfig } from "./options";
import { TracerSink } from "./tracer-sink";

/** What the instrumentation tells of itself, read whenever it matters. */
export interface ObservationSource {
	readonly enabled: boolean;
	readonly tracer: Tracer;
	readonly meter: Meter;
	readonly config: ConnectionInstrumentationConfig;
}

/** Installs the hooks for an instrumentation. They stay; what they see counts while it is enabled. */
export function observeConnections(source: ObservationSource): void {
	const faults = new Faults();
	const switchable: FaultSink = {
		take: faults.take,
		get exhausted() {
			return !source.enabled || faults.exhausted;
		},
	};
	const writer = new SpanWriter({
		sink: new TracerSink(() => source.tracer),
		get reusedRatio() {
			return source.config.reusedRatio ?? 1;
		},
		get slowAfter() {
			return source.config.slowMs;
		},
		now,
		guard: faults.guard,
	});
	const metrics = new ConnectionMetrics({
		meter: () => (switchable.exhausted ? undefined : source.meter),
		connections: () => tracker.connections(),
	});
	const tracker = new ConnectionTracker({
		now,
		threads: new ThreadPool().lookupThreads,
		idleTime: eventLoopIdleTime,
		idPrefix: randomBytes(6).toString("hex"),
		reuseVariable: process.env.AWS_NODEJS_CONNECTION_REUSE_ENABLED,
		serviceOf: awsServiceOf,
		listener: new Audience([writer, factPublisher, metrics]),
	});
	const freezeWatch = new FreezeWatch({
		now,
		guard: faults.guard,
		needed: () => source.enabled && tracker.openConnections > 0,
		onFrozen: (duration) => tracker.processFrozen(duration),
	});
	try {
		installHooks({
			tracker,
			now,
			activeContext,
			tracesHost: tracedHosts(
				source.config.hosts?.join(),
				source.config.ignoreHosts?.join(),
			),
			asksTimeToLive: source.config.dnsTtl ?? false,
			faults: switchable,
			freezeWatch,
		});
	} catch (error) {
		faults.giveUp();
		throw error;
	}
}

function activeContext(): Context | undefined {
	const active = context.active();
	return active === ROOT_CONTEXT ? undefined : active;
}
