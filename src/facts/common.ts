import type { Connection } from "../connections/connection";
import type { Decision } from "../connections/decision";
import type { PoolSnapshot } from "../connections/pool";
import type { Setup } from "../connections/setup";
import { changeableBehind, REASON_ADVICE } from "../report/advice";
import type { PoolFacts, ReasonFacts, SetupFacts } from "./facts";

/** The facts without those that did not happen. */
export function known<Facts extends object>(
	facts: {
		readonly [Name in keyof Facts]: Facts[Name] | undefined;
	},
): Facts {
	return Object.fromEntries(
		Object.entries(facts).filter(([, value]) => value !== undefined),
	) as Facts;
}

/** The way to the server; what the connection is not known to have reached is absent. */
export function wayOf(connection: Connection | undefined) {
	const attempt = connection?.setup.connectedAttempt;
	return {
		proxyAddress: connection?.proxy?.host,
		proxyPort: connection?.proxy?.port,
		peerAddress: attempt?.peer?.address,
		peerPort: attempt?.peer?.port,
		localPort: attempt?.local?.port,
	};
}

export function setupFacts(setup: Setup | undefined): SetupFacts {
	const durations = setup?.durations;
	return {
		setupMs: durations?.setup,
		dnsLookupMs: durations?.lookup,
		tcpConnectMs: durations?.connect,
		proxyTunnelMs: durations?.tunnel,
		tlsHandshakeMs: durations?.handshake,
	};
}

export function reasonFacts(decision: Decision | undefined): ReasonFacts {
	if (!decision) return {};
	const { reason, detail, contributing, previousId } = decision;
	const [toChange] = REASON_ADVICE[reason].change
		? [reason]
		: changeableBehind(reason, contributing);
	return {
		reason,
		reasonDetail: detail,
		contributing: contributing.length > 0 ? [...contributing] : undefined,
		previousId,
		advice: toChange && REASON_ADVICE[toChange].sentence,
	};
}

export function poolFacts({
	free,
	busy,
	queued,
	max,
}: PoolSnapshot): PoolFacts {
	return known<PoolFacts>({ free, busy, queued, max });
}
