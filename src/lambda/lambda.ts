import type { Agent } from "node:http";
import type { SpanContext } from "@opentelemetry/api";
import type { LambdaFlush } from "../agent/config";
import { say } from "../agent/log";
import { readTraceHeader } from "../aws/xray";
import { timeOfDay } from "../clocks";
import { Invocation } from "../connections/invocation";
import type { ConnectionTracker } from "../connections/tracker";
import { type FaultSink, observe } from "../hooks/environment";
import type { FreezeWatch } from "../hooks/freeze";
import type { SpanWriter } from "../spans/writer";
import {
	isConcurrent,
	type LambdaFunction,
	type RuntimeApi,
	readFunction,
} from "./environment";
import { Extension } from "./extension";
import { Flushes } from "./flushes";
import { neighbours } from "./neighbours";
import { OpenInvocations } from "./open-invocations";
import {
	type Headers,
	type RuntimeObserver,
	watchRuntime,
} from "./runtime-client";

/** How long before its deadline an invocation that still runs is exported, in milliseconds. */
const DEADLINE_MARGIN = 200;

export interface LambdaOptions {
	readonly env: NodeJS.ProcessEnv;
	readonly api: RuntimeApi;
	readonly now: () => number;
	readonly writer: SpanWriter;
	/** Exports what has been written, or gives up after the time, in milliseconds. */
	readonly flush: (timeout: number) => Promise<void>;
	readonly flushTimeout: number;
	readonly lambdaFlush: LambdaFlush;
	readonly leaveUntraced: (agent: Agent) => void;
	readonly faults: FaultSink;
}

/** Follows the invocations of a Lambda function: a span for each, and its spans exported before the environment freezes. */
export class Lambda implements RuntimeObserver {
	readonly invocations: OpenInvocations;
	private readonly options: LambdaOptions;
	private readonly function: LambdaFunction;
	private readonly concurrent: boolean;
	private readonly flushes: Flushes;
	private readonly deadlines = new Map<Invocation, NodeJS.Timeout>();
	private tracker: ConnectionTracker | undefined;
	private freezeWatch: FreezeWatch | undefined;
	private first = true;
	private frozen: number | undefined;

	constructor(options: LambdaOptions) {
		const { env, api, leaveUntraced } = options;
		this.options = options;
		this.function = readFunction(env);
		this.concurrent = isConcurrent(env);
		this.invocations = new OpenInvocations(this.concurrent);
		this.flushes = new Flushes({
			...options,
			extension:
				options.lambdaFlush === "after" && !this.concurrent
					? new Extension(api, leaveUntraced)
					: undefined,
		});
	}

	start(tracker: ConnectionTracker, freezeWatch: FreezeWatch): void {
		this.tracker = tracker;
		this.freezeWatch = freezeWatch;
		watchRuntime(this, this.options.api);
	}

	/** The span of the invocation that the code that runs right now belongs to. */
	activeContext(): SpanContext | undefined {
		const { current } = this.invocations;
		return current && this.options.writer.contextOfInvocation(current);
	}

	/** The process did not run for this many milliseconds. */
	processFrozen(duration: number): void {
		this.frozen = (this.frozen ?? 0) + duration;
	}

	// The runtime

	/** Does what has to be done also when nothing is observed any more: Lambda waits for the extension. */
	guard<T>(run: () => T): T | undefined {
		try {
			return run();
		} catch (error) {
			this.options.faults.take(error);
			return undefined;
		}
	}

	clientLoaded(): void {
		this.guard(() => this.flushes.start());
	}

	begun(headers: Headers): void {
		const id = String(headers["lambda-runtime-aws-request-id"]);
		const deadline = Number(headers["lambda-runtime-deadline-ms"]);
		this.guard(() => this.flushes.begun({ id, deadline }));
		observe(this.options, () => this.begin(headers, id, deadline));
	}

	streamed(id: string, error: string | undefined): void {
		observe(this.options, () => {
			// What the handler still does belongs to the invocation, until the runtime asks for the next one.
			if (this.concurrent) this.end(id, error);
			else this.invocations.fail(id, error);
		});
	}

	ended(id: string, error: string | undefined): Promise<void> | undefined {
		observe(this.options, () => this.end(id, error));
		return this.guard(() =>
			this.holdsResponses ? this.flushes.now() : undefined,
		);
	}

	get holdsResponses(): boolean {
		return (
			!this.concurrent &&
			!this.function.alternativeClient &&
			!this.flushes.afterwards
		);
	}

	nextAsked(): Promise<void> | undefined {
		if (this.concurrent) return undefined;
		observe(this.options, () => {
			for (const { facts, error } of this.invocations.all) {
				this.end(facts.id, error);
			}
			this.freezeWatch?.start();
		});
		try {
			return this.flushes.beforeNext();
		} catch (error) {
			this.options.faults.take(error);
			this.flushes.letGo();
			return undefined;
		}
	}

	// Invocations

	/** Writes what is known of invocations that the end of the process cuts short. */
	writeUnfinished(): void {
		for (const invocation of this.invocations.all) this.cut(invocation);
	}

	private begin(headers: Headers, id: string, deadline: number): void {
		this.freezeWatch?.check();
		const { env, now } = this.options;
		const { name, version, provisioned, traceHeaderIsParent } = this.function;
		const caller = readTraceHeader(text(headers["lambda-runtime-trace-id"]));
		const invocation = new Invocation(
			{
				id,
				functionName: name,
				functionVersion: version,
				functionArn: text(headers["lambda-runtime-invoked-function-arn"]),
				coldStart: this.first && !provisioned,
				deadline,
				...(traceHeaderIsParent ? { parent: caller } : { link: caller }),
			},
			now(),
		);
		invocation.frozen = this.frozen;
		this.frozen = undefined;
		this.invocations.begin(invocation);
		this.watchDeadline(invocation);
		if (!this.first) return;
		this.first = false;
		const others = neighbours(env);
		if (others !== undefined) say(others);
	}

	private end(id: string, error: string | undefined): void {
		const invocation = this.invocations.end(id);
		if (!invocation) return;
		clearTimeout(this.deadlines.get(invocation));
		this.deadlines.delete(invocation);
		if (invocation.cut) return;
		invocation.endedAt = this.options.now();
		invocation.error = error;
		this.options.writer.writeInvocation(invocation);
		// Nothing freezes an environment with concurrent invocations, and no response waits.
		if (this.concurrent) void this.flushes.now();
	}

	/** An invocation that reaches its deadline is killed without a word, so what is known is exported before. */
	private watchDeadline(invocation: Invocation): void {
		const left = invocation.facts.deadline - timeOfDay() - DEADLINE_MARGIN;
		const timer = setTimeout(
			() => {
				observe(this.options, () => this.cut(invocation));
				this.guard(() => void this.flushes.now());
			},
			Math.max(left, 0),
		);
		this.deadlines.set(invocation, timer.unref());
	}

	private cut(invocation: Invocation): void {
		const { writer } = this.options;
		if (invocation.cut || !this.tracker) return;
		const requests = [...this.tracker.openRequests].filter(
			(request) => request.invocation === invocation,
		);
		const setups = [...this.tracker.setups.open].filter(
			(connection) => connection.invocation === invocation,
		);
		writer.writeCut(requests, setups);
		for (const request of requests) invocation.count(request);
		invocation.cut = true;
		writer.writeInvocation(invocation);
	}
}

function text(header: unknown): string | undefined {
	return header === undefined || header === "" ? undefined : String(header);
}
