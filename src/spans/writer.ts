import { type Link, type SpanContext, SpanKind } from "@opentelemetry/api";
import { tableNames } from "../aws/dynamodb-tables";
import type { Connection } from "../connections/connection";
import type { Invocation } from "../connections/invocation";
import { Request } from "../connections/request";
import type { Lookup, Phase } from "../connections/setup";
import type { TrackerListener } from "../connections/tracker";
import { random } from "../random";
import { clearTimeout, setTimeout } from "../timers";
import { AttributeList } from "./attributes";
import { SharedLink, type SpanContent } from "./finished-span";
import { consecutive, type Interval, interval } from "./interval";
import { describeInvocation, linksOfInvocation } from "./invocation-span";
import { Attribute, SpanName } from "./names";
import { isPlain } from "./plain-request";
import { Reconnects } from "./reconnects";
import { attributesOfPool, describeRequest } from "./request-span";
import {
	describeLookup,
	describePhases,
	describeSetup,
	type PhaseSpan,
} from "./setup-span";
import type { ParentContext, SpanSink } from "./sink";

/** How long the setup of a connection without a request is kept open for a TLS handshake to follow, in milliseconds. */
const RAW_SETUP_GRACE = 1000;

export interface SpanWriterOptions {
	readonly sink: SpanSink;
	readonly now: () => number;
	/** The share of plain requests that is kept, above the sampler. */
	readonly reusedRatio: number;
	/** From how many milliseconds a request counts as slow and is kept. */
	readonly slowAfter: number | undefined;
	/** Runs the work of the timer, and keeps its faults from the program. */
	readonly guard: (run: () => void) => void;
}

/**
 * Writes the spans of the trace contract. Every span is written once, when it is over. Its ids are made when it is
 * written or when another span must name it, whichever comes first.
 */
export class SpanWriter implements TrackerListener {
	/** Spans that were left out by choice; those below a setup count with it. */
	leftOut = 0;
	private readonly options: SpanWriterOptions;
	private readonly written = new WeakSet<Connection>();
	/** Connections without a request whose setup is over and not written yet. */
	private readonly rawSetups = new Set<Connection>();
	private rawSetupTimer: NodeJS.Timeout | undefined;
	private readonly reconnects: Reconnects;

	constructor(options: SpanWriterOptions) {
		this.options = options;
		this.reconnects = new Reconnects(options.now);
	}

	requestAssigned(request: Request): void {
		const { exchange } = request;
		if (!exchange.requestHeader("x-amz-target")?.startsWith("DynamoDB")) return;
		const body = exchange.pendingBody();
		if (body !== undefined) request.tableNames = tableNames(body);
	}

	requestEnded(request: Request): void {
		if (request.cut) return;
		this.writeRequest(request, request.endedAt ?? this.options.now());
		const { caused } = request;
		if (caused?.setup.end !== undefined) this.writeSetup(caused);
	}

	setupEnded(connection: Connection): void {
		if (connection.cut) return;
		const { cause, context } = connection;
		if (cause?.endedAt !== undefined) this.writeSetup(connection);
		if (cause) return;
		const told =
			context === undefined ? this.reconnects.toTell(connection) : [connection];
		for (const each of told) this.keepRaw(each);
	}

	connectionEnded(connection: Connection): void {
		if (this.rawSetups.has(connection)) this.writeSetup(connection);
	}

	lookupEnded(lookup: Lookup, context: unknown): void {
		this.writePhase(describeLookup(lookup), interval(lookup), context);
	}

	/** Writes setups that wait for a handshake to follow. */
	writeRawSetups(): void {
		clearTimeout(this.rawSetupTimer);
		this.rawSetupTimer = undefined;
		for (const connection of this.rawSetups) {
			const { cause, setup } = connection;
			// Without an end again: its handshake has begun, and ends it anew.
			if (!cause && setup.end !== undefined) this.writeSetup(connection);
		}
		this.rawSetups.clear();
	}

	/** Writes what is known of requests and connections that the end of the process cuts short. */
	writeUnfinished(
		requests: Iterable<Request>,
		setups: Iterable<Connection>,
	): void {
		this.writeRawSetups();
		for (const connection of this.reconnects.takeHeldBack()) {
			this.writeSetup(connection);
		}
		this.writeCut(requests, setups);
	}

	/** Writes what is known of requests and setups that may never end; nothing more is written of them if they do. */
	writeCut(requests: Iterable<Request>, setups: Iterable<Connection>): void {
		const now = this.options.now();
		const open = new Set(setups);
		for (const request of requests) {
			if (request.cut) continue;
			request.cut = true;
			this.writeRequest(request, now, true);
			if (request.caused) {
				this.writeCutSetup(request.caused, now);
				open.delete(request.caused);
			}
		}
		for (const connection of open) this.writeCutSetup(connection, now);
	}

	private writeCutSetup(connection: Connection, now: number): void {
		if (connection.cut) return;
		connection.cut = true;
		this.writeSetup(connection, now);
	}

	/** Writes an invocation that is over, or what is known of one that may never end. */
	writeInvocation(invocation: Invocation): void {
		const { facts, startedAt, endedAt, error } = invocation;
		const context = this.contextOfInvocation(invocation);
		if (!this.options.sink.records(context)) {
			this.leftOut += 1;
			return;
		}
		const attributes = describeInvocation(invocation);
		if (endedAt === undefined) attributes.add({ [Attribute.unfinished]: true });
		this.options.sink.write(
			{
				name: facts.functionName,
				kind: SpanKind.SERVER,
				start: startedAt,
				end: endedAt ?? this.options.now(),
				attributes,
				links: linksOfInvocation(invocation),
				error: error !== undefined,
			},
			context,
			facts.parent,
		);
	}

	/** What an invocation is known by to the spans below it. */
	contextOfInvocation(invocation: Invocation): SpanContext {
		invocation.span ??= this.options.sink.begin(
			invocation,
			invocation.facts.parent,
		);
		return invocation.span as SpanContext;
	}

	private keepRaw(connection: Connection): void {
		this.rawSetups.add(connection);
		this.rawSetupTimer ??= setTimeout(
			() => this.options.guard(() => this.writeRawSetups()),
			RAW_SETUP_GRACE,
		).unref();
	}

	private writeRequest(
		request: Request,
		end: number,
		unfinished = false,
	): void {
		const { sink, reusedRatio, slowAfter } = this.options;
		// What another span names already cannot be left out any more.
		const plain =
			!unfinished &&
			request.span === undefined &&
			isPlain(request, end, slowAfter);
		const sampled = plain && reusedRatio < 1;
		if (sampled && random() >= reusedRatio) {
			this.leftOut += 1;
			return;
		}
		const context = this.contextOf(request);
		if (!sink.records(context)) {
			this.leftOut += request.wait ? 2 : 1;
			return;
		}
		const { name, attributes, error } = describeRequest(request);
		if (unfinished) attributes.add({ [Attribute.unfinished]: true });
		if (sampled) attributes.add({ [Attribute.samplingRatio]: reusedRatio });
		sink.write(
			{
				name,
				kind: SpanKind.CLIENT,
				start: request.createdAt,
				end,
				attributes,
				links: this.linksOf(request),
				error,
				plain,
			},
			context,
			request.context,
		);
		if (request.wait) this.writeWait(request, end, context);
	}

	private writeWait(request: Request, end: number, parent: SpanContext): void {
		if (!request.wait) return;
		const { pool, detail } = request.wait;
		const attributes = new AttributeList(
			{ [Attribute.reasonDetail]: detail },
			attributesOfPool(pool),
		);
		this.writeAtOnce(
			{
				name: SpanName.connectionWait,
				kind: SpanKind.INTERNAL,
				start: request.createdAt,
				end: request.assignedAt ?? end,
				attributes,
				error: false,
			},
			parent,
		);
	}

	/** A connection whose setup does not stand under the request is named by a link. */
	linksOf({ connection: carrier, caused }: Request): Link[] {
		const connection = carrier ?? caused;
		if (!connection?.observed) return [];
		if (connection === caused && !connection.outlivesCause) return [];
		const context = this.contextOf(connection);
		if (!this.options.sink.records(context)) return [];
		connection.link ??= new SharedLink(context, {
			[Attribute.connectionId]: connection.id,
		});
		return [connection.link as SharedLink];
	}

	/** `cutAt`: the moment at which the process ended before the setup did. */
	private writeSetup(connection: Connection, cutAt?: number): void {
		if (!connection.observed) return;
		const { sink } = this.options;
		const context = this.contextOf(connection);
		if (!sink.records(context)) {
			this.leftOut += 1;
			return;
		}
		const { setup } = connection;
		const phases = describePhases(connection);
		// A TLS handshake on a connection that has its setup span already gets one of its own.
		const later = this.written.has(connection);
		this.written.add(connection);
		this.rawSetups.delete(connection);
		const part = later ? phases.filter(isHandshake) : phases;
		if (later && part.length === 0) return;
		const parent = this.parentOf(connection);
		const { start, end } = interval(
			later && setup.handshake ? setup.handshake : setup,
			cutAt,
		);
		const content: SpanContent = {
			name: SpanName.connectionSetup,
			kind: SpanKind.INTERNAL,
			start,
			end,
			attributes: describeUnfinished(describeSetup(connection), setup),
			error: setup.error !== undefined,
		};
		const own = later ? sink.begin(content, context) : context;
		sink.write(content, own, parent);
		for (const [phase, times] of consecutive(part, cutAt))
			this.writePhase(phase, times, own);
	}

	private writePhase(
		{ name, phase, attributes }: PhaseSpan,
		{ start, end }: Interval,
		parent: ParentContext,
	): void {
		this.writeAtOnce(
			{
				name,
				kind: SpanKind.INTERNAL,
				start,
				end,
				attributes: describeUnfinished(attributes, phase),
				error: phase.error !== undefined,
			},
			parent,
		);
	}

	/** Writes a span that no other one has to name before. */
	private writeAtOnce(content: SpanContent, parent: ParentContext): void {
		const { sink } = this.options;
		const context = sink.begin(content, parent);
		if (sink.records(context)) sink.write(content, context, parent);
		else this.leftOut += 1;
	}

	private contextOf(item: Request | Connection): SpanContext {
		item.span ??= this.options.sink.begin(
			item,
			"setup" in item ? this.parentOf(item) : item.context,
		);
		return item.span as SpanContext;
	}

	/** A setup stands under the request that caused it, unless it went on when that request was over. */
	private parentOf(connection: Connection): ParentContext {
		const { cause, context } = connection;
		if (!cause) return context;
		if (connection.outlivesCause) return cause.context;
		return cause instanceof Request ? this.contextOf(cause) : cause.span;
	}
}

function isHandshake({ name }: PhaseSpan): boolean {
	return name === SpanName.tlsHandshake;
}

function describeUnfinished(
	attributes: AttributeList,
	{ end }: Phase,
): AttributeList {
	if (end === undefined) attributes.add({ [Attribute.unfinished]: true });
	return attributes;
}
