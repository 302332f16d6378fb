import type { Connection, ProxyHop } from "../connections/connection";
import {
	isAvoidable,
	isSameAnswer,
	timeToLiveOf,
} from "../connections/lookups";
import type {
	ConnectAttempt,
	Handshake,
	Lookup,
	Phase,
	Tunnel,
} from "../connections/setup";
import { hostWithoutUser } from "../user-information";
import { AttributeList } from "./attributes";
import { Attribute, SpanName } from "./names";

const TRANSPORT = "tcp";
/** The name was resolved by a function of the program and not by the system. */
const CUSTOM_RESOLVER = "custom";

export type PhaseName = (typeof SpanName)[
	| "dnsLookup"
	| "tcpConnect"
	| "proxyTunnel"
	| "tlsHandshake"];

/** A phase as a span: what it is called and what it says. */
export interface PhaseSpan {
	readonly name: PhaseName;
	readonly phase: Phase;
	readonly attributes: AttributeList;
}

export function describeSetup(connection: Connection): AttributeList {
	const { setup, origin, id, proxy, failuresInRow } = connection;
	const attempt =
		setup.error === undefined && setup.end !== undefined
			? setup.connectedAttempt
			: undefined;
	return new AttributeList({
		[Attribute.connectionId]: id,
		[Attribute.reason]: connection.decision?.reason,
		[Attribute.serverAddress]: origin.host,
		[Attribute.serverPort]: origin.port,
		[Attribute.proxyAddress]: proxy?.host,
		[Attribute.proxyPort]: proxy?.port,
		[Attribute.networkTransport]: TRANSPORT,
		[Attribute.networkPeerAddress]: attempt?.peer?.address,
		[Attribute.networkPeerPort]: attempt?.peer?.port,
		[Attribute.networkLocalPort]: attempt?.local?.port,
		[Attribute.failuresInRow]: failuresInRow > 1 ? failuresInRow : undefined,
		[Attribute.lambdaPhase]: connection.lambdaPhase,
		[Attribute.errorType]: setup.error,
	});
}

/** The phases of a setup in the order in which they happened. */
export function describePhases({ setup, proxy }: Connection): PhaseSpan[] {
	const phases: PhaseSpan[] = [];
	if (setup.lookup) phases.push(describeLookup(setup.lookup));
	phases.push(...setup.attempts.map(describeAttempt));
	if (setup.proxyHandshake) {
		phases.push(describeHandshake(setup.proxyHandshake));
	}
	if (setup.tunnel) phases.push(describeTunnel(setup.tunnel, proxy));
	if (setup.handshake) phases.push(describeHandshake(setup.handshake));
	return phases;
}

export function describeLookup(lookup: Lookup): PhaseSpan {
	const { previous, answers } = lookup;
	const byProgram = lookup.custom && !lookup.passedOn;
	const attributes = new AttributeList({
		[Attribute.dnsQuestionName]: hostWithoutUser(lookup.name),
		[Attribute.dnsAnswers]: answers.length > 0 ? [...answers] : undefined,
		[Attribute.dnsResolver]: byProgram ? CUSTOM_RESOLVER : undefined,
		[Attribute.dnsInFlight]: lookup.inFlight,
		[Attribute.dnsPoolWait]: byProgram ? undefined : lookup.query?.wait,
		[Attribute.dnsSincePrevious]:
			previous && lookup.start - previous.answeredAt,
		[Attribute.dnsSameAnswer]: isSameAnswer(lookup),
		[Attribute.dnsTimeToLive]: byProgram ? undefined : timeToLiveOf(lookup),
		[Attribute.dnsAvoidable]: byProgram ? undefined : isAvoidable(lookup),
		[Attribute.errorType]: lookup.error,
	});
	return { name: SpanName.dnsLookup, phase: lookup, attributes };
}

function describeAttempt(attempt: ConnectAttempt): PhaseSpan {
	const { peer, local } = attempt;
	const attributes = new AttributeList({
		[Attribute.networkPeerAddress]: peer?.address,
		[Attribute.networkPeerPort]: peer?.port,
		[Attribute.networkLocalAddress]: local?.address,
		[Attribute.networkLocalPort]: local?.port,
		[Attribute.networkTransport]: TRANSPORT,
		[Attribute.networkType]:
			peer && (peer.address.includes(":") ? "ipv6" : "ipv4"),
		[Attribute.tcpAttempt]: attempt.number,
		[Attribute.errorType]: attempt.error,
	});
	return { name: SpanName.tcpConnect, phase: attempt, attributes };
}

function describeTunnel(
	tunnel: Tunnel,
	proxy: ProxyHop | undefined,
): PhaseSpan {
	const attributes = new AttributeList({
		[Attribute.proxyAddress]: proxy?.host,
		[Attribute.proxyPort]: proxy?.port,
		[Attribute.httpResponseStatusCode]: tunnel.statusCode,
		[Attribute.errorType]: tunnel.error,
	});
	return { name: SpanName.proxyTunnel, phase: tunnel, attributes };
}

function describeHandshake(handshake: Handshake): PhaseSpan {
	const { details, serverName } = handshake;
	const attributes = new AttributeList({
		[Attribute.serverAddress]: serverName && hostWithoutUser(serverName),
		[Attribute.tlsProtocolName]: details?.protocolName,
		[Attribute.tlsProtocolVersion]: details?.protocolVersion,
		[Attribute.tlsCipher]: details?.cipher,
		[Attribute.tlsNextProtocol]: details?.nextProtocol,
		[Attribute.tlsResumed]: details?.resumed,
		[Attribute.tlsServerSubject]: details?.serverSubject,
		[Attribute.tlsServerIssuer]: details?.serverIssuer,
		[Attribute.tlsServerNotAfter]: details?.serverNotAfter,
		[Attribute.errorType]: handshake.error,
	});
	return { name: SpanName.tlsHandshake, phase: handshake, attributes };
}
