import type { Connection } from "../connections/connection";
import { durationOf } from "../connections/setup";
import { toEpoch } from "../spans/clock";
import { describePhases, type PhaseSpan } from "../spans/setup-span";
import { known, poolFacts, reasonFacts, setupFacts, wayOf } from "./common";
import type {
	ConnectionClosed,
	ConnectionFailed,
	ConnectionReady,
	PhaseFacts,
} from "./facts";

/** What is known of a connection when its setup has ended; nothing if its end was told before and it is no use now. */
export function setupEnded(
	connection: Connection,
): ConnectionReady | ConnectionFailed | undefined {
	const { error, reopened } = connection.setup;
	if (error === undefined) {
		return known<ConnectionReady>({
			event: reopened ? "secured" : "opened",
			...commonFacts(connection),
		});
	}
	if (reopened) return undefined;
	return known<ConnectionFailed>({
		event: "failed",
		...commonFacts(connection),
		error,
	});
}

/** What is known of a connection that is over; nothing if it never came about. */
export function connectionClosed(
	connection: Connection,
): ConnectionClosed | undefined {
	const { ending, readyAt, idleSince, requestCount, setup } = connection;
	if (!ending || readyAt === undefined) return undefined;
	return known<ConnectionClosed>({
		event: "closed",
		...commonFacts(connection),
		closeReason: ending.reason,
		closeDetail: ending.detail,
		lifeMs: ending.at - readyAt,
		idleMs: idleSince === undefined ? undefined : ending.at - idleSince,
		requests: requestCount,
		error: setup.error,
	});
}

function commonFacts(connection: Connection) {
	const { id, origin, setup, observed, decision, failuresInRow } = connection;
	return {
		connectionId: id,
		serverAddress: origin.host,
		serverPort: origin.port,
		...wayOf(connection),
		startTime: toEpoch(setup.start),
		...setupFacts(observed ? setup : undefined),
		phases: describePhases(connection).map(phaseFacts),
		...reasonFacts(decision),
		pool: decision?.pool && poolFacts(decision.pool),
		failuresInRow: failuresInRow > 1 ? failuresInRow : undefined,
		lambdaPhase: connection.lambdaPhase,
	};
}

function phaseFacts({ name, phase, attributes }: PhaseSpan): PhaseFacts {
	return known<PhaseFacts>({
		name,
		startTime: toEpoch(phase.start),
		durationMs: durationOf(phase),
		error: phase.error,
		attributes: attributes.toAttributes(),
	});
}
