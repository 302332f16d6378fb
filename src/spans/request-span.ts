import type { Decision } from "../connections/decision";
import type { PoolSnapshot } from "../connections/pool";
import type { Request } from "../connections/request";
import type { ConnectAttempt } from "../connections/setup";
import { AttributeList, bounded } from "./attributes";
import { addAws } from "./aws-attributes";
import { Attribute } from "./names";
import { redactUrl } from "./url";

export interface RequestDescription {
	readonly name: string;
	readonly attributes: AttributeList;
	readonly error: boolean;
}

/** Name and attributes of a request span, or of one that is still open when the process ends. */
export function describeRequest(request: Request): RequestDescription {
	const known = request.description as RequestDescription | undefined;
	if (known) return known;
	const description = describe(request);
	// A sampler may have to decide on it before the span is written.
	if (request.endedAt !== undefined) request.description = description;
	return description;
}

function describe(request: Request): RequestDescription {
	const error = request.failure;
	const attributes = new AttributeList();
	const name = bounded(addAws(attributes, request) ?? request.exchange.method);
	addHttp(attributes, request);
	attributes.set(Attribute.errorType, error);
	addConnection(attributes, request);
	if (request.reused === false) addFresh(attributes, request);
	if (request.pool) addPool(attributes, request.pool);
	attributes.set(Attribute.timeToFirstByte, request.timeToFirstByte);
	attributes.set(Attribute.frozen, request.frozen);
	if (request.findings?.length) {
		attributes.set(
			Attribute.findings,
			request.findings.map(({ code }) => code),
		);
	}
	return { name, attributes, error: error !== undefined };
}

function addHttp(attributes: AttributeList, request: Request): void {
	const { exchange } = request;
	attributes.include(endpointsOf(request));
	attributes.set(Attribute.httpRequestMethod, exchange.method);
	attributes.set(Attribute.urlFull, redactUrl(exchange.url));
	attributes.set(Attribute.httpResponseStatusCode, exchange.statusCode);
}

/** What requests to one host on one connection have in common. */
interface Endpoints {
	readonly host: string;
	readonly port: number;
	readonly version: string;
	readonly attempt: ConnectAttempt | undefined;
	readonly attributes: AttributeList;
}

function endpointsOf({
	exchange,
	connection: carrier,
	caused,
}: Request): AttributeList {
	const connection = carrier ?? caused;
	const attempt = connection?.setup.connectedAttempt;
	const { host, port, httpVersion: version = "1.1" } = exchange;
	const known = connection?.endpoints as Endpoints | undefined;
	if (
		known?.host === host &&
		known.port === port &&
		known.version === version &&
		known.attempt === attempt
	) {
		return known.attributes;
	}
	const attributes = new AttributeList();
	attributes.set(Attribute.serverAddress, host);
	attributes.set(Attribute.serverPort, port);
	attributes.set(Attribute.proxyAddress, connection?.proxy?.host);
	attributes.set(Attribute.proxyPort, connection?.proxy?.port);
	attributes.set(Attribute.networkProtocolVersion, version);
	attributes.set(Attribute.networkPeerAddress, attempt?.peer?.address);
	attributes.set(Attribute.networkPeerPort, attempt?.peer?.port);
	attributes.set(Attribute.networkLocalPort, attempt?.local?.port);
	attributes.set(Attribute.connectionId, connection?.id);
	if (connection) {
		const endpoints: Endpoints = { host, port, version, attempt, attributes };
		connection.endpoints = endpoints;
	}
	return attributes;
}

function addConnection(attributes: AttributeList, request: Request): void {
	attributes.set(Attribute.connectionReused, request.reused);
	attributes.set(Attribute.connectionRequestNumber, request.knownNumber);
	attributes.set(Attribute.connectionAge, request.connectionAge);
	attributes.set(Attribute.connectionIdle, request.connectionIdle);
	attributes.set(Attribute.connectionWait, request.waited);
}

function addFresh(attributes: AttributeList, request: Request): void {
	const { paidSetup, freshDecision } = request;
	if (paidSetup) {
		const { setup, lookup, connect, tunnel, handshake } = paidSetup.durations;
		attributes.set(Attribute.connectionSetup, setup);
		attributes.set(Attribute.dnsLookup, lookup);
		attributes.set(Attribute.tcpConnect, connect);
		attributes.set(Attribute.proxyTunnel, tunnel);
		attributes.set(Attribute.tlsHandshake, handshake);
	}
	if (freshDecision) addDecision(attributes, freshDecision);
}

function addDecision(attributes: AttributeList, decision: Decision): void {
	const { contributing } = decision;
	attributes.set(Attribute.reason, decision.reason);
	attributes.set(Attribute.reasonDetail, decision.detail);
	if (contributing.length > 0) {
		attributes.set(Attribute.contributing, [...contributing]);
	}
	attributes.set(Attribute.previousId, decision.previousId);
}

export function addPool(attributes: AttributeList, pool: PoolSnapshot): void {
	attributes.set(Attribute.poolFree, pool.free);
	attributes.set(Attribute.poolBusy, pool.busy);
	attributes.set(Attribute.poolQueued, pool.queued);
	attributes.set(Attribute.poolMax, pool.max);
}
