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
	const { setup, origin, id } = connection;
	const attempt = setup.connectedAttempt;
	const succeeded = setup.error === undefined && setup.end !== undefined;
	const attributes = new AttributeList();
	attributes.set(Attribute.connectionId, id);
	attributes.set(Attribute.reason, connection.decision?.reason);
	attributes.set(Attribute.serverAddress, origin.host);
	attributes.set(Attribute.serverPort, origin.port);
	attributes.set(Attribute.proxyAddress, connection.proxy?.host);
	attributes.set(Attribute.proxyPort, connection.proxy?.port);
	attributes.set(Attribute.networkTransport, TRANSPORT);
	attributes.set(
		Attribute.networkPeerAddress,
		succeeded ? attempt?.peer?.address : undefined,
	);
	attributes.set(
		Attribute.networkPeerPort,
		succeeded ? attempt?.peer?.port : undefined,
	);
	attributes.set(
		Attribute.networkLocalPort,
		succeeded ? attempt?.local?.port : undefined,
	);
	attributes.set(
		Attribute.failuresInRow,
		connection.failuresInRow > 1 ? connection.failuresInRow : undefined,
	);
	attributes.set(Attribute.lambdaPhase, connection.lambdaPhase);
	attributes.set(Attribute.errorType, setup.error);
	return attributes;
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
	const { previous } = lookup;
	const byProgram = lookup.custom && !lookup.passedOn;
	const attributes = new AttributeList();
	attributes.set(Attribute.dnsQuestionName, hostWithoutUser(lookup.name));
	attributes.set(
		Attribute.dnsAnswers,
		lookup.answers.length > 0 ? [...lookup.answers] : undefined,
	);
	attributes.set(
		Attribute.dnsResolver,
		byProgram ? CUSTOM_RESOLVER : undefined,
	);
	attributes.set(Attribute.dnsInFlight, lookup.inFlight);
	attributes.set(
		Attribute.dnsPoolWait,
		byProgram ? undefined : lookup.query?.wait,
	);
	attributes.set(
		Attribute.dnsSincePrevious,
		previous && lookup.start - previous.answeredAt,
	);
	attributes.set(Attribute.dnsSameAnswer, isSameAnswer(lookup));
	attributes.set(
		Attribute.dnsTimeToLive,
		byProgram ? undefined : timeToLiveOf(lookup),
	);
	attributes.set(
		Attribute.dnsAvoidable,
		byProgram ? undefined : isAvoidable(lookup),
	);
	attributes.set(Attribute.errorType, lookup.error);
	return { name: SpanName.dnsLookup, phase: lookup, attributes };
}

function describeAttempt(attempt: ConnectAttempt): PhaseSpan {
	const { peer, local } = attempt;
	const attributes = new AttributeList();
	attributes.set(Attribute.networkPeerAddress, peer?.address);
	attributes.set(Attribute.networkPeerPort, peer?.port);
	attributes.set(Attribute.networkLocalAddress, local?.address);
	attributes.set(Attribute.networkLocalPort, local?.port);
	attributes.set(Attribute.networkTransport, TRANSPORT);
	attributes.set(
		Attribute.networkType,
		peer && (peer.address.includes(":") ? "ipv6" : "ipv4"),
	);
	attributes.set(Attribute.tcpAttempt, attempt.number);
	attributes.set(Attribute.errorType, attempt.error);
	return { name: SpanName.tcpConnect, phase: attempt, attributes };
}

function describeTunnel(
	tunnel: Tunnel,
	proxy: ProxyHop | undefined,
): PhaseSpan {
	const attributes = new AttributeList();
	attributes.set(Attribute.proxyAddress, proxy?.host);
	attributes.set(Attribute.proxyPort, proxy?.port);
	attributes.set(Attribute.httpResponseStatusCode, tunnel.statusCode);
	attributes.set(Attribute.errorType, tunnel.error);
	return { name: SpanName.proxyTunnel, phase: tunnel, attributes };
}

function describeHandshake(handshake: Handshake): PhaseSpan {
	const { details } = handshake;
	const attributes = new AttributeList();
	attributes.set(
		Attribute.serverAddress,
		handshake.serverName && hostWithoutUser(handshake.serverName),
	);
	attributes.set(Attribute.tlsProtocolName, details?.protocolName);
	attributes.set(Attribute.tlsProtocolVersion, details?.protocolVersion);
	attributes.set(Attribute.tlsCipher, details?.cipher);
	attributes.set(Attribute.tlsNextProtocol, details?.nextProtocol);
	attributes.set(Attribute.tlsResumed, details?.resumed);
	attributes.set(Attribute.tlsServerSubject, details?.serverSubject);
	attributes.set(Attribute.tlsServerIssuer, details?.serverIssuer);
	attributes.set(Attribute.tlsServerNotAfter, details?.serverNotAfter);
	attributes.set(Attribute.errorType, handshake.error);
	return { name: SpanName.tlsHandshake, phase: handshake, attributes };
}
