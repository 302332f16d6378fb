import type { QueuedLookup } from "./lookup-queue";
import type { NameRecord } from "./lookups";

/**
 * The making of one connection: name resolution, connect attempts, TLS handshake, one after the other.
 * All times are milliseconds of the process's monotonic clock.
 */

export interface Phase {
	readonly start: number;
	end?: number;
	/** Error code (`ENOTFOUND`, `ECONNREFUSED`, ...) if the phase failed. */
	error?: string;
}

/** One name resolution. */
export interface Lookup extends Phase {
	readonly name: string;
	/** Tells apart what may be asked of one name. */
	readonly question: string;
	/** By a function of the program, not by the system. */
	readonly custom: boolean;
	/** What the system was asked, if it was. */
	query?: QueuedLookup | undefined;
	/** The function of the program passed on what the system had answered. */
	passedOn?: boolean;
	/** Lookups by the system that ran in this process when this one began. */
	readonly inFlight: number;
	readonly answers: string[];
	/** The lookup of this name before this one, if that was answered when this one began. */
	readonly previous?: NameRecord | undefined;
	/** In seconds, as the resolver said after it. */
	timeToLive?: number;
}

/** The attempt to connect to one address. */
export interface ConnectAttempt extends Phase {
	readonly number: number;
	peer?: Endpoint;
	local?: Endpoint;
}

export interface Endpoint {
	readonly address: string;
	readonly port: number;
}

export interface Handshake extends Phase {
	/** The name sent as SNI. */
	readonly serverName?: string | undefined;
	details?: HandshakeDetails;
}

/** What was agreed in a TLS handshake, and who the server proved to be. */
export interface HandshakeDetails {
	readonly protocolName?: string | undefined;
	readonly protocolVersion?: string | undefined;
	readonly cipher?: string | undefined;
	readonly nextProtocol?: string | undefined;
	readonly resumed: boolean;
	readonly serverSubject?: string | undefined;
	readonly serverIssuer?: string | undefined;
	/** ISO 8601. */
	readonly serverNotAfter?: string | undefined;
}

/** The request to a proxy to pass everything on to a server, until it does. */
export interface Tunnel extends Phase {
	/** Of the proxy's answer, if it was seen. */
	statusCode?: number;
}

/** Milliseconds that a setup and its phases took. */
export interface SetupDurations {
	readonly setup: number | undefined;
	readonly lookup: number | undefined;
	/** From the first attempt to the outcome of the last. */
	readonly connect: number | undefined;
	readonly tunnel: number | undefined;
	/** With proxy and server together. */
	readonly handshake: number | undefined;
}

/** Error of a phase that was given up before it had an outcome. */
export const ABORTED = "aborted";

export class Setup implements Phase {
	readonly start: number;
	end?: number | undefined;
	error?: string;
	/** It had ended before: TLS was put on the connection later, or its proxy refused the tunnel. */
	reopened = false;
	lookup?: Lookup;
	/** The attempt of the connection below, which a request of the program has made a tunnel for this one. */
	below?: ConnectAttempt | undefined;
	readonly attempts: ConnectAttempt[] = [];
	/** With a proxy that speaks TLS itself. */
	proxyHandshake?: Handshake;
	tunnel?: Tunnel;
	handshake?: Handshake;

	constructor(start: number) {
		this.start = start;
	}

	/** The attempt that has no outcome yet. */
	get openAttempt(): ConnectAttempt | undefined {
		const last = this.attempts.at(-1);
		return last?.end === undefined ? last : undefined;
	}

	/** The attempt that led to the connection. */
	get connectedAttempt(): ConnectAttempt | undefined {
		const last = this.attempts.at(-1) ?? this.below;
		return last?.end !== undefined && last.error === undefined
			? last
			: undefined;
	}

	beginAttempt(at: number, peer: Endpoint | undefined): ConnectAttempt {
		const attempt: ConnectAttempt = {
			number: this.attempts.length + 1,
			start: this.attempts.length === 0 ? this.firstAttemptStart : at,
		};
		if (peer) attempt.peer = peer;
		this.attempts.push(attempt);
		return attempt;
	}

	/** It goes on, although its end was told. */
	reopen(): void {
		this.end = undefined;
		this.reopened = true;
	}

	/** Closes whatever is still open because the connection will not come about. */
	fail(at: number, error: string): void {
		if (this.end !== undefined) return;
		for (const phase of [
			this.lookup,
			this.openAttempt,
			this.tunnel,
			this.handshake,
		]) {
			if (phase && phase.end === undefined) {
				phase.end = at;
				phase.error = error;
			}
		}
		this.end = at;
		this.error = error;
	}

	/** What it took, each part only if it happened. */
	get durations(): SetupDurations {
		const { lookup, attempts, proxyHandshake, tunnel, handshake } = this;
		const [first] = attempts;
		const last = attempts.at(-1);
		const secured = durationOf(handshake);
		return {
			setup: durationOf(this),
			lookup: durationOf(lookup),
			connect:
				first && last?.end !== undefined ? last.end - first.start : undefined,
			tunnel: durationOf(tunnel),
			handshake:
				secured === undefined
					? undefined
					: secured + (durationOf(proxyHandshake) ?? 0),
		};
	}

	/** Node begins the first attempt as soon as the name is resolved, or at once if there is none to resolve. */
	private get firstAttemptStart(): number {
		return this.lookup?.end ?? this.start;
	}
}

/** Milliseconds; absent while it goes on, and where there was none. */
export function durationOf(phase: Phase | undefined): number | undefined {
	return phase?.end === undefined ? undefined : phase.end - phase.start;
}
