/**
 * What an analysis of spans says: one model that the terminal view, `--json` and the HTML report all read. It is plain
 * data that JSON can carry, so that a file written by `--json` is exactly a {@link Report}.
 *
 * All durations are milliseconds, all points in time milliseconds since 1970 with fractions. A fact that did not happen
 * or is not known is absent (undefined in memory), never `0` or `""`, as in the trace contract (docs/trace-contract.md), whose terms are used.
 * Counts and sums are of all that was seen; the lists of requests and connections are bounded, and say what they leave out.
 */

import type { FindingCode } from "../connections/findings";
import type { Reason } from "../connections/reason";

/** What `--json` writes. */
export interface Report {
	/** The version of this format: raised when a member changes its meaning or goes away. */
	readonly format: 1;
	/** The version of conntrace that wrote it. */
	readonly conntraceVersion: string;
	/** When it was made. */
	readonly createdAt: number;
	/** What the report is of, for its head: the command that was run, or the sources. */
	readonly title: string;
	/** How the runs belong together: one run, before and after (in this order), or the variants of an experiment. */
	readonly kind: "run" | "comparison" | "experiment";
	/** At least one; their names differ. */
	readonly runs: readonly Run[];
	/** With kind `experiment`: what the runs show, in order. */
	readonly story?: Story;
	/** The address of the Jaeger that has the traces, without a slash at the end: `{jaeger}/trace/{traceId}` shows one. */
	readonly jaeger?: string;
}

/** The spans of one program run, of one source, or of one variant of an experiment. */
export interface Run {
	/** Unique in the report: the command, the source or the variant. May hold any characters, also control characters. */
	readonly name: string;
	/** Begin of the first request or connection and end of the last; absent when there was none. */
	readonly start?: number;
	readonly end?: number;
	/** All hosts together. */
	readonly overall: Summary;
	/** Each host by itself, those with the most requests first. At most {@link MAX_HOSTS}; further ones are one host, {@link OTHER_HOSTS}. */
	readonly hosts: readonly HostSummary[];
	/** Findings, those shown by the most requests first. */
	readonly findings: readonly FindingCount[];
	/** What to do, what would save most first. */
	readonly advice: readonly Advice[];
	/** In the order of their start. */
	readonly requests: Excerpt<RequestRow>;
	/** In the order of their setup's start, or of their first request where that is not known. */
	readonly connections: Excerpt<ConnectionRow>;
	/** Where the spans came from and what could not be used. */
	readonly sources: readonly Source[];
}

/** Hosts that are told one by one. */
export const MAX_HOSTS = 100;

/** The name of the host that stands for all those which are not told one by one. */
export const OTHER_HOSTS = "(other hosts)";

/**
 * Counts and times of requests and connections. Where requests were sampled, each recorded one counts for as many as
 * it stands for (`1 / samplingRatio`), so that counts, ratios and latencies are those of all requests.
 */
export interface Summary {
	/** HTTP attempts on the wire. */
	readonly requests: number;
	/** Request spans that these numbers are made of; less than `requests` where some were sampled out. */
	readonly recorded: number;
	/** Requests that caused a new connection. */
	readonly fresh: number;
	/** Requests on a connection that had carried one before. */
	readonly reused: number;
	/** Requests that ended in an error or with a status from 400 on. */
	readonly failed: number;
	/** `reused / (fresh + reused)`; absent where neither happened. */
	readonly reuseRatio?: number;
	/** Connections that were begun, with or without a request behind them, whether or not they came about. */
	readonly connections: number;
	/** Name resolutions. Those outside of a connection count only in the overall summary. */
	readonly dnsLookups: number;
	/** What requests paid for new connections, summed. */
	readonly setupMs: number;
	/** Durations of the requests with a fresh connection; absent where there was none. */
	readonly freshLatency?: Distribution;
	/** Durations of the requests on a reused connection; absent where there was none. */
	readonly reusedLatency?: Distribution;
	/** Durations of all requests, also of those that never got a connection; absent where there was none. */
	readonly latency?: Distribution;
	/** Where the time of the requests with a fresh connection went; absent where there was none. */
	readonly freshTime?: FreshTime;
	/** Why connections were fresh, what cost most first. */
	readonly reasons: readonly ReasonCost[];
}

export interface HostSummary extends Summary {
	/** `host:port`. Comes from the traced program and may hold any characters, also control characters. */
	readonly host: string;
}

/**
 * How durations are distributed. Percentiles are nearest-rank; they and the limits of the buckets are exact to 1 %.
 */
export interface Distribution {
	readonly count: number;
	readonly meanMs: number;
	readonly maxMs: number;
	readonly p50Ms: number;
	readonly p95Ms: number;
	readonly p99Ms: number;
	/** Buckets in ascending order, each about 10 % wide; empty ones are left out. */
	readonly buckets: readonly Bucket[];
}

/** Durations from `fromMs` on and below `toMs`. */
export interface Bucket {
	readonly fromMs: number;
	readonly toMs: number;
	readonly count: number;
}

/**
 * Sums over the requests with a fresh connection. The parts do not overlap; what the sum of the durations has beyond
 * them is `otherMs` (writing the request, reading the body, the program being busy).
 */
export interface FreshTime {
	/** Waited in the queue of an agent until the connection was begun or assigned. */
	readonly waitMs: number;
	readonly dnsMs: number;
	readonly tcpMs: number;
	readonly tlsMs: number;
	/** From the request being written to the first byte of the response. */
	readonly firstByteMs: number;
	readonly otherMs: number;
}

export interface ReasonCost {
	/** `(not given)` for a fresh connection without a reason, which no span of conntrace has. */
	readonly reason: Reason | typeof NO_REASON;
	/** Requests that got a fresh connection for this reason. */
	readonly count: number;
	/** What those requests paid for connection set-up, summed. */
	readonly setupMs: number;
	/** The detail of one of them: what was measured and the limit that it met. */
	readonly example?: string;
	/**
	 * Where there is nothing to do about the reason itself: those of these requests behind which stood another one that
	 * can be changed, by that.
	 */
	readonly behind?: readonly ReasonBehind[];
}

export type ReasonBehind = Pick<ReasonCost, "count" | "setupMs"> & {
	readonly reason: Reason;
};

export const NO_REASON = "(not given)";

export interface FindingCount {
	readonly code: FindingCode;
	/** Requests that showed it. */
	readonly count: number;
	/** What it means and what to do. */
	readonly sentence: string;
}

/** What to do about a reason for fresh connections. */
export interface Advice {
	readonly reason: Reason;
	/** Whether a setting or a line of the program would change it. */
	readonly change: boolean;
	/** The setting and where it goes, or why there is nothing to change. */
	readonly sentence: string;
	/** Requests that got a fresh connection for this reason, also where it stood behind one that cannot be changed. */
	readonly requests: number;
	/** Set-up that following it would have saved at most; absent where there is nothing to change. */
	readonly savedMs?: number;
}

/**
 * A bounded list. All notable rows are kept up to a bound, the plain ones decimated evenly; statistics never come from
 * here but from all.
 */
export interface Excerpt<Row> {
	readonly rows: readonly Row[];
	/** Rows that were left out, in all. */
	readonly leftOut: number;
	/** How many of these were notable (fresh, failed or slow); `0` unless there were more than fit. */
	readonly notableLeftOut: number;
}

/** One HTTP attempt. */
export interface RequestRow {
	readonly traceId: string;
	readonly spanId: string;
	readonly start: number;
	readonly durationMs: number;
	/** `DynamoDB.PutItem` or the HTTP method. */
	readonly name: string;
	/** `host:port` */
	readonly host: string;
	/** `unknown`: it never got a connection. */
	readonly connectionUse: "fresh" | "reused" | "unknown";
	/** Why the row is kept whatever happens: `true` for fresh, failed and slow requests. */
	readonly notable: boolean;
	/** Among the slowest 1 % of the reused requests of its host. */
	readonly slow?: true;
	/** The process ended before it did. */
	readonly unfinished?: true;
	/** Fresh only. */
	readonly reason?: Reason;
	/** Fresh only: the evidence, with the measured value and the limit. */
	readonly reasonDetail?: string;
	/** Fresh only: further reasons that hold as well. */
	readonly contributing?: readonly string[];
	/** Fresh only: the connection whose end made this one necessary. */
	readonly previousConnectionId?: string;
	readonly findings?: readonly string[];
	readonly status?: number;
	/** Error code, or the status from 400 on. */
	readonly error?: string;
	/** Waited in the queue of an agent. */
	readonly waitMs?: number;
	/** Fresh only: what it paid for the new connection. */
	readonly setupMs?: number;
	readonly dnsMs?: number;
	readonly tcpMs?: number;
	readonly tlsMs?: number;
	/** From the request being written to the first byte of the response. */
	readonly firstByteMs?: number;
	readonly connectionId?: string;
	/** 1 for the first request on its connection. */
	readonly requestNumber?: number;
	/** Reused only: the connection's age and idle time when the request got it. */
	readonly ageMs?: number;
	readonly idleMs?: number;
	/** The process did not run for this long since its previous request. */
	readonly frozenMs?: number;
	/** The attempt of an AWS call, from 1. */
	readonly attempt?: number;
	/** `service.name`. */
	readonly service?: string;
	/** The process that made it: its `service.instance.id`, `process.pid`, or what its connection ids have in common. */
	readonly process?: string;
	/** It stands for `1 / samplingRatio` requests; absent where none were sampled out. */
	readonly samplingRatio?: number;
}

/** One transport connection. */
export interface ConnectionRow {
	readonly id: string;
	/** `host:port` */
	readonly host: string;
	readonly service?: string;
	readonly process?: string;
	/** Absent when the span of its setup was not among the spans. */
	readonly setup?: SetupRow;
	/** Why it was made; absent for one without a request behind it. */
	readonly reason?: Reason;
	/** Recorded requests on it; those of {@link Run.requests} with its id are some of them. */
	readonly requests: number;
	/** Start of the first and end of the last recorded request; absent without requests. */
	readonly firstRequestAt?: number;
	readonly lastRequestEndedAt?: number;
	/** How it ended; absent while nothing tells, for instance when no later request needed another one. */
	readonly ending?: EndingRow;
}

export interface SetupRow {
	readonly start: number;
	readonly end: number;
	/** Error code of a connection that did not come about. */
	readonly error?: string;
	/** In the order of their start; they follow one another but for parallel address attempts. */
	readonly phases: readonly PhaseRow[];
}

export interface PhaseRow {
	readonly name: "dns.lookup" | "tcp.connect" | "tls.handshake";
	readonly start: number;
	readonly end: number;
	readonly error?: string;
	/** The name looked up, the address connected to, or the protocol version and whether the session was resumed. */
	readonly detail?: string;
}

/** The end of a connection as the request tells it that needed another one for it. */
export interface EndingRow {
	/** Why that request got a fresh connection: how this one ended. */
	readonly reason: Reason;
	readonly detail?: string;
	/** It ended after its last request and at the latest now: the start of the request that found it gone. */
	readonly notAfter: number;
	/** The connection that replaced it. */
	readonly replacedBy: string;
}

/** A file, a Jaeger or the receiver of `conntrace run`. */
export interface Source {
	/** The file or URL, or the command. May hold control characters. */
	readonly name: string;
	/** Spans that were read. */
	readonly spans: number;
	/** Spans of other instrumentations, which have none of conntrace's attributes: read and left alone. */
	readonly foreignSpans: number;
	/** What could not be read, most frequent first. */
	readonly skipped: readonly Skipped[];
}

/** Input that was passed over because it could not be read. */
export interface Skipped {
	/** How many lines, exports or pages. */
	readonly count: number;
	/** What was wrong with the first, with file and line or URL. */
	readonly message: string;
}

/** What an experiment shows, to be read from first to last. */
export interface Story {
	readonly title: string;
	readonly introduction: string;
	/** How the runs were made: rates, limits, added delays, versions. */
	readonly conditions: readonly {
		readonly name: string;
		readonly value: string;
	}[];
	readonly chapters: readonly Chapter[];
}

/** One question of the investigation and its answer. */
export interface Chapter {
	readonly title: string;
	/** What was done and why. */
	readonly text: string;
	/** Names of the runs that it is about, the one to compare with first. */
	readonly runs: readonly string[];
	readonly claims: readonly Claim[];
	/** Measured against a changing quantity, for a chart: the rate sweep. */
	readonly sweep?: Sweep;
}

/** A statement that the runs were to show, held against their numbers. */
export interface Claim {
	/** The statement, as one would expect it. */
	readonly claim: string;
	/** Whether the measured numbers bear it out. */
	readonly holds: boolean;
	/** The numbers, in words: "25 of 25 puts fresh, p50 31.2 ms against 2.1 ms". */
	readonly measured: string;
}

export interface Sweep {
	/** What `x` is, with its unit: "pause between calls, ms". */
	readonly label: string;
	/** A value of `x` to mark, with its meaning: the server's idle limit. */
	readonly mark?: { readonly x: number; readonly label: string };
	readonly points: readonly SweepPoint[];
}

export interface SweepPoint {
	readonly x: number;
	/** The run that it comes from. */
	readonly run: string;
	/** Share of requests with a fresh connection. */
	readonly freshRatio: number;
	readonly p50Ms: number;
}
