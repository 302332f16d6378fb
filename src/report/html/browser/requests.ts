import type { PageRequest } from "../page";
import type { Shape } from "./dom";

/** How a request is drawn: by shape and colour. */
export interface Outcome {
	readonly label: string;
	readonly shape: Shape;
	/** A custom property of the style sheet. */
	readonly color: string;
}

export const OUTCOMES = {
	reused: { label: "reused connection", shape: "circle", color: "reused" },
	fresh: { label: "fresh connection", shape: "diamond", color: "fresh" },
	failed: { label: "failed", shape: "triangle", color: "failed" },
	unknown: { label: "no connection", shape: "square", color: "wait" },
} as const satisfies Record<string, Outcome>;

export type OutcomeName = keyof typeof OUTCOMES;

/** In the order of drawing: the rare ones last, so that nothing covers them. */
export const OUTCOME_NAMES = Object.keys(OUTCOMES) as OutcomeName[];

export function outcomeOf({ error, connectionUse }: PageRequest): OutcomeName {
	return error === undefined ? connectionUse : "failed";
}

export const PHASES = {
	waitMs: { label: "wait for a connection", color: "wait" },
	dnsMs: { label: "DNS", color: "dns" },
	tcpMs: { label: "TCP", color: "tcp" },
	tlsMs: { label: "TLS", color: "tls" },
	firstByteMs: { label: "first byte", color: "first-byte" },
	otherMs: { label: "the rest", color: "rest" },
} as const;

export type PhaseName = keyof typeof PHASES;

/** In the order in which they happen. */
export const PHASE_NAMES = Object.keys(PHASES) as PhaseName[];

/** Milliseconds of each phase that the request had; the rest is sending, the body, and the program being busy. */
export function phasesOf(request: PageRequest): ReadonlyMap<PhaseName, number> {
	const phases = new Map<PhaseName, number>();
	let rest = request.durationMs;
	for (const name of MEASURED) {
		const duration = request[name];
		if (duration === undefined) continue;
		phases.set(name, duration);
		rest -= duration;
	}
	if (rest > 0) phases.set("otherMs", rest);
	return phases;
}

const MEASURED = [
	"waitMs",
	"dnsMs",
	"tcpMs",
	"tlsMs",
	"firstByteMs",
] as const satisfies readonly PhaseName[];
