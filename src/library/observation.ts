import { randomBytes } from "node:crypto";
import type { Meter, Tracer } from "@opentelemetry/api";
import type { Observer } from "../agent/claim";
import { Faults } from "../agent/faults";
import { awsServiceOf } from "../aws/aws-call";
import { now } from "../clocks";
import { Audience } from "../connections/audience";
import type { Exchange, Request } from "../connections/request";
import { ConnectionTracker } from "../connections/tracker";
import { factPublisher } from "../facts/channels";
import { FreezeWatch } from "../hooks/freeze";
import { forgetHiddenFields } from "../hooks/hidden-field";
import { installHooks } from "../hooks/install";
import { eventLoopIdleTime, ThreadPool } from "../hooks/thread-pool";
import { ConnectionMetrics } from "../metrics/connection-metrics";
import { SpanWriter } from "../spans/writer";
import { VERSION } from "../version";
import { Customization } from "./customization";
import type { ConnectionInstrumentationConfig, ReadOptions } from "./options";
import { activeContext, isSuppressed } from "./program-context";
import { RequestSpans } from "./request-spans";
import { TracerSink } from "./tracer-sink";

/** What the instrumentation is given by its user, read whenever it matters. */
export interface ObservationSource {
	readonly tracer: Tracer;
	readonly meter: Meter;
	readonly options: ReadOptions;
	readonly config: ConnectionInstrumentationConfig;
}

/**
 * Observes for an instrumentation. The hooks stay in place once they are installed; while it is stopped they let
 * everything pass, and what they knew is forgotten, for it goes on unseen.
 */
export class Observation implements Observer {
	readonly name = `a ConnectionInstrumentation of conntrace ${VERSION}`;
	private running = false;
	private installed = false;
	private tracker: ConnectionTracker;
	private readonly faults = new Faults();
	private readonly idPrefix = randomBytes(6).toString("hex");
	private readonly threads = new ThreadPool();
	private readonly writer: SpanWriter;
	private readonly requestSpans: RequestSpans;
	private readonly metrics: ConnectionMetrics;

	constructor(private readonly source: ObservationSource) {
		const { guard } = this.faults;
		const sink = new TracerSink({
			tracer: () => source.tracer,
			customize: new Customization(() => source.config).customize,
			linksOf: (request) => this.writer.linksOf(request),
			guard,
		});
		this.writer = new SpanWriter({
			sink,
			get reusedRatio() {
				return source.options.tracing.reusedRatio;
			},
			get slowAfter() {
				return source.options.tracing.slowAfter;
			},
			now,
			guard,
		});
		this.requestSpans = new RequestSpans({
			running: () => this.running,
			attaches: () => source.options.requestSpans === "attach",
			tracer: () => source.tracer,
			isAwsCall: ({ exchange }) => awsServiceOf(exchange) !== undefined,
			attach: (request, span, context) => sink.attach(request, span, context),
			guard,
		});
		this.metrics = new ConnectionMetrics({
			meter: () => (this.running ? source.meter : undefined),
			connections: () => this.tracker.connections(),
			guard,
		});
		this.tracker = this.createTracker();
	}

	get active(): boolean {
		return this.running;
	}

	start(): void {
		if (this.running) return;
		this.tracker = this.createTracker();
		this.running = true;
		if (!this.installed) this.install();
	}

	/** Tells what is known of requests and setups that are under way: their end will not be seen. */
	stop(): void {
		if (!this.running) return;
		this.running = false;
		const { openRequests, setups } = this.tracker;
		this.faults.guard(() =>
			this.writer.writeUnfinished([...openRequests], [...setups.open]),
		);
		forgetHiddenFields();
	}

	private createTracker(): ConnectionTracker {
		return new ObservedRequests(this.requestSpans, {
			now,
			threads: this.threads.lookupThreads,
			idleTime: eventLoopIdleTime,
			idPrefix: this.idPrefix,
			reuseVariable: this.source.options.tracing.reuseVariable,
			serviceOf: awsServiceOf,
			observesLate: true,
			listener: new Audience([
				this.requestSpans,
				this.writer,
				factPublisher,
				this.metrics,
			]),
		});
	}

	private install(): void {
		this.installed = true;
		const { source, faults } = this;
		const observation = this;
		try {
			this.requestSpans.watchUndici();
			installHooks({
				get tracker() {
					return observation.tracker;
				},
				now,
				activeContext,
				tracesHost: (host) =>
					source.options.tracing.tracesHost(host) && !isSuppressed(),
				get asksTimeToLive() {
					return source.options.tracing.asksTimeToLive;
				},
				faults: {
					take: faults.take,
					get exhausted() {
						return !observation.running || faults.exhausted;
					},
				},
				freezeWatch: new FreezeWatch({
					now,
					guard: faults.guard,
					needed: () => this.running && this.tracker.openConnections > 0,
					onFrozen: (duration) => this.tracker.processFrozen(duration),
				}),
			});
		} catch (error) {
			// Hooks that are in place already must not observe half of what happens.
			faults.giveUp();
			throw error;
		}
	}
}

/** Looks for the span of another instrumentation as soon as there is a request. */
class ObservedRequests extends ConnectionTracker {
	constructor(
		private readonly requestSpans: RequestSpans,
		options: ConstructorParameters<typeof ConnectionTracker>[0],
	) {
		super(options);
	}

	override requestCreated(exchange: Exchange, context: unknown): Request {
		const request = super.requestCreated(exchange, context);
		this.requestSpans.requestCreated(request);
		return request;
	}
}
