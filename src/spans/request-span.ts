import type { Attributes } from "@opentelemetry/api";
import type { Decision } from "../connections/decision";
import type { PoolSnapshot } from "../connections/pool";
import type { Request } from "../connections/request";
import type { ConnectAttempt, Setup } from "../connections/setup";
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
	const { exchange, failure, findings, paidSetup, freshDecision } = request;
	const attributes = new AttributeList();
	const name = bounded(addAws(attributes, request) ?? exchange.method);
	attributes.include(endpointsOf(request));
	attributes.add({
		[Attribute.httpRequestMethod]: exchange.method,
		[Attribute.urlFull]: redactUrl(exchange.url),
		[Attribute.httpResponseStatusCode]: exchange.statusCode,
		[Attribute.errorType]: failure,
		[Attribute.connectionReused]: request.reused,
		[Attribute.connectionRequestNumber]: request.knownNumber,
		[Attribute.connectionAge]: request.connectionAge,
		[Attribute.connectionIdle]: request.connectionIdle,
		[Attribute.connectionWait]: request.waited,
		[Attribute.timeToFirstByte]: request.timeToFirstByte,
		[Attribute.frozen]: request.frozen,
		[Attribute.findings]: findings?.length
			? findings.map(({ code }) => code)
			: undefined,
	});
	if (paidSetup) attributes.add(durationsOf(paidSetup));
	if (freshDecision) attributes.add(decisionOf(freshDecision));
	if (request.pool) attributes.add(attributesOfPool(request.pool));
	return { name, attributes, error: failure !== undefined };
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
	const attributes = new AttributeList({
		[Attribute.serverAddress]: host,
		[Attribute.serverPort]: port,
		[Attribute.proxyAddress]: connection?.proxy?.host,
		[Attribute.proxyPort]: connection?.proxy?.port,
		[Attribute.networkProtocolVersion]: version,
		[Attribute.networkPeerAddress]: attempt?.peer?.address,
		[Attribute.networkPeerPort]: attempt?.peer?.port,
		[Attribute.networkLocalPort]: attempt?.local?.port,
		[Attribute.connectionId]: connection?.id,
	});
	if (connection) {
		const endpoints: Endpoints = { host, port, version, attempt, attributes };
		connection.endpoints = endpoints;
	}
	return attributes;
}

function durationsOf({ durations }: Setup): Attributes {
	const { setup, lookup, connect, tunnel, handshake } = durations;
	return {
		[Attribute.connectionSetup]: setup,
		[Attribute.dnsLookup]: lookup,
		[Attribute.tcpConnect]: connect,
		[Attribute.proxyTunnel]: tunnel,
		[Attribute.tlsHandshake]: handshake,
	};
}

function decisionOf({
	reason,
	detail,
	contributing,
	previousId,
}: Decision): Attributes {
	return {
		[Attribute.reason]: reason,
		[Attribute.reasonDetail]: detail,
		[Attribute.contributing]:
			contributing.length > 0 ? [...contributing] : undefined,
		[Attribute.previousId]: previousId,
	};
}

export function attributesOfPool({
	free,
	busy,
	queued,
	max,
}: PoolSnapshot): Attributes {
	return {
		[Attribute.poolFree]: free,
		[Attribute.poolBusy]: busy,
		[Attribute.poolQueued]: queued,
		[Attribute.poolMax]: max,
	};
}
