import { randomBytes } from "node:crypto";
import { isMainThread } from "node:worker_threads";
import { awsServiceOf } from "../aws/aws-call";
import { now } from "../clocks";
import { Audience } from "../connections/audience";
import { ConnectionTracker } from "../connections/tracker";
import { ExportPipeline } from "../export/pipeline";
import { createResource } from "../export/resource";
import { createSampler } from "../export/sampler";
import { factPublisher } from "../facts/channels";
import { nothingElseRuns } from "../hooks/active-resources";
import { FreezeWatch } from "../hooks/freeze";
import { leaveUntraced } from "../hooks/http-requests";
import { installHooks } from "../hooks/install";
import { type HookedProcess, hookProcess } from "../hooks/process";
import { runInScope, UNTRACED } from "../hooks/scope";
import { eventLoopIdleTime, ThreadPool } from "../hooks/thread-pool";
import { runtimeApiOf } from "../lambda/environment";
import { Lambda } from "../lambda/lambda";
import { ConnectionMetrics } from "../metrics/connection-metrics";
import { registeredMeter } from "../metrics/registered-meter";
import { activeSpanContext, withoutTracing } from "../spans/active-span";
import { limitValueLength } from "../spans/attributes";
import { RecordSink } from "../spans/record-sink";
import { SpanWriter } from "../spans/writer";
import { VERSION } from "../version";
import { claimObservation } from "./claim";
import { readConfiguration } from "./config";
import { Faults } from "./faults";
import { say, setLogLevel } from "./log";
import { createSummary } from "./summary";
import { agentVariables } from "./threads";

/** Starts the agent in this process: reads the configuration and wires hooks, model, spans and export together. */
export function startAgent(env: NodeJS.ProcessEnv): void {
	const { configuration, warnings } = readConfiguration(agentVariables(env));
	if (configuration.disabled) return;
	setLogLevel(configuration.logLevel);
	limitValueLength(configuration.valueLength);
	if (isMainThread) for (const warning of warnings) say(warning);
	const other = claimObservation({
		name: `the preloaded agent of conntrace ${VERSION}`,
		active: true,
	});
	if (other) {
		say(`${other.name} traces this thread, so this one does not`);
		return;
	}

	const faults = new Faults();
	const resource = createResource(configuration.resourceAttributes);
	const pipeline = new ExportPipeline({
		configuration,
		resource,
		unseen: (run) => withoutTracing(() => runInScope(UNTRACED, run)),
		nothingElseRuns,
		faults,
	});
	const summary = configuration.summary
		? createSummary(faults.take)
		: undefined;
	// Otherwise facts and metrics are all that can be wanted.
	const makesSpans = pipeline.hasOutputs || summary !== undefined;
	let hookedProcess: HookedProcess | undefined;
	/** A process that has nothing to tell ends by a signal as it would without the agent, whatever it is doing. */
	const mayHaveToTell = (): void => {
		if (makesSpans) hookedProcess?.receiveSignals();
	};
	const writer = new SpanWriter({
		sink: new RecordSink({
			resource,
			sampler: createSampler(configuration.sampler),
			write: (span) => {
				mayHaveToTell();
				pipeline.write(span);
				summary?.add(span);
			},
		}),
		reusedRatio: configuration.reusedRatio,
		slowAfter: configuration.slowAfter,
		now,
		guard: faults.guard,
	});
	const flush = async (timeout: number): Promise<void> => {
		writer.writeRawSetups();
		await pipeline.flush(timeout);
	};
	const runtimeApi = runtimeApiOf(env);
	const lambda = runtimeApi
		? new Lambda({
				...configuration,
				env,
				api: runtimeApi,
				now,
				writer,
				flush,
				leaveUntraced,
				faults,
			})
		: undefined;
	const meter = registeredMeter();
	const metrics = new ConnectionMetrics({
		meter: () => (faults.exhausted ? undefined : meter()),
		connections: () => tracker.connections(),
		guard: faults.guard,
	});
	const tracker = new ConnectionTracker({
		now,
		threads: new ThreadPool().lookupThreads,
		idleTime: eventLoopIdleTime,
		idPrefix: randomBytes(6).toString("hex"),
		reuseVariable: configuration.reuseVariable,
		serviceOf: awsServiceOf,
		invocations: lambda?.invocations,
		onBegun: mayHaveToTell,
		listener: new Audience([
			...(makesSpans ? [writer] : []),
			factPublisher,
			metrics,
		]),
	});
	const freezeWatch = new FreezeWatch({
		now,
		guard: faults.guard,
		needed: () => lambda !== undefined || tracker.openConnections > 0,
		onFrozen: (duration) => {
			tracker.processFrozen(duration);
			lambda?.processFrozen(duration);
		},
	});
	try {
		installHooks({
			tracker,
			now,
			activeContext: lambda
				? () => activeSpanContext() ?? lambda.activeContext()
				: activeSpanContext,
			tracesHost: runtimeApi
				? (host, port) =>
						configuration.tracesHost(host) &&
						!(host === runtimeApi.host && port === runtimeApi.port)
				: configuration.tracesHost,
			asksTimeToLive: configuration.asksTimeToLive,
			faults,
			freezeWatch,
		});
		lambda?.start(tracker, freezeWatch);
		hookedProcess = hookProcess({
			guard: faults.guard,
			onEnd: () => {
				faults.guard(() => {
					// Of requests that ended unseen nothing true could be said.
					if (!makesSpans || faults.exhausted) return;
					lambda?.writeUnfinished();
					writer.writeUnfinished(tracker.openRequests, tracker.setups.open);
				});
				faults.guard(() => summary?.print());
				pipeline.finish(configuration.flushTimeout, writer.leftOut);
			},
		});
		if (lambda || summary) mayHaveToTell();
	} catch (error) {
		// Hooks that are in place already must not observe half of what happens.
		faults.giveUp();
		throw error;
	}
}
