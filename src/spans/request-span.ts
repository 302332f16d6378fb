import type { Connection } from "../connections/connection";
import type { Decision } from "../connections/decision";
import type { PoolSnapshot } from "../connections/pool";
import type { Request } from "../connections/request";
import type { ConnectAttempt, Phase } from "../connections/setup";
import { AttributeList, defined } from "./attributes";
import { addAws } from "./aws-attributes";
import { Attribute } from "./names";
import { redactUrl } from "./url";

/** Name and attributes of a request span, or of one that is still open when the process ends. */
export function describeRequest(request: Request): {
	readonly name: string;
	readonly attributes: AttributeList;
	readonly error: boolean;
} {
	const error = errorOf(request);
	const attributes = new AttributeList();
	const name = addAws(attributes, request) ?? request.exchange.method;
	addHttp(attributes, request);
	attributes.set(Attribute.errorType, error);
	addConnection(attributes, request);
	if (request.reused === false) addFresh(attributes, request);
	attributes.set(Attribute.timeToFirstByte, timeToFirstByte(request));
	attributes.set(Attribute.frozen, request.frozen);
	if (request.findings?.length) {
		attributes.set(
			Attribute.findings,
			request.findings.map(({ code }) => code),
		);
	}
	return { name, attributes, error: error !== undefined };
}

/** The code of what went wrong, or the status of a response that says so. */
export function errorOf({ error, exchange }: Request): string | undefined {
	const { statusCode } = exchange;
	if (error !== undefined) return error;
	return statusCode !== undefined && statusCode >= 400
		? String(statusCode)
		: undefined;
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
	const attributes = defined({
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

function addConnection(attributes: AttributeList, request: Request): void {
	const { wait, createdAt, assignedAt } = request;
	attributes.set(Attribute.connectionReused, request.reused);
	attributes.set(Attribute.connectionRequestNumber, request.number);
	attributes.set(Attribute.connectionAge, request.connectionAge);
	attributes.set(Attribute.connectionIdle, request.connectionIdle);
	if (!wait) return;
	if (assignedAt !== undefined) {
		attributes.set(Attribute.connectionWait, assignedAt - createdAt);
	}
	addPool(attributes, wait.pool);
}

function addFresh(attributes: AttributeList, request: Request): void {
	const { connection, caused } = request;
	if (caused?.observed && !caused.outlivesCause)
		addSetupDurations(attributes, caused);
	const decision = request.decision ?? connection?.decision;
	if (decision) addDecision(attributes, decision);
}

function addSetupDurations(
	attributes: AttributeList,
	{ setup }: Connection,
): void {
	const { lookup, attempts, proxyHandshake, tunnel, handshake } = setup;
	const [first] = attempts;
	const last = attempts.at(-1);
	attributes.set(Attribute.connectionSetup, durationOf(setup));
	attributes.set(Attribute.dnsLookup, lookup && durationOf(lookup));
	if (first && last?.end !== undefined) {
		attributes.set(Attribute.tcpConnect, last.end - first.start);
	}
	attributes.set(Attribute.proxyTunnel, tunnel && durationOf(tunnel));
	if (handshake?.end !== undefined) {
		attributes.set(
			Attribute.tlsHandshake,
			handshake.end -
				handshake.start +
				(proxyHandshake ? (durationOf(proxyHandshake) ?? 0) : 0),
		);
	}
}

function durationOf({ start, end }: Phase): number | undefined {
	return end === undefined ? undefined : end - start;
}

function addDecision(attributes: AttributeList, decision: Decision): void {
	const { contributing, pool } = decision;
	attributes.set(Attribute.reason, decision.reason);
	attributes.set(Attribute.reasonDetail, decision.detail);
	if (contributing.length > 0) {
		attributes.set(Attribute.contributing, [...contributing]);
	}
	attributes.set(Attribute.previousId, decision.previousId);
	if (pool) addPool(attributes, pool);
}

export function addPool(attributes: AttributeList, pool: PoolSnapshot): void {
	attributes.set(Attribute.poolFree, pool.free);
	attributes.set(Attribute.poolBusy, pool.busy);
	attributes.set(Attribute.poolQueued, pool.queued);
	attributes.set(Attribute.poolMax, pool.max);
}

/** Absent where the server answered before it had the whole request. */
function timeToFirstByte({
	writtenAt,
	firstByteAt,
}: Request): number | undefined {
	if (writtenAt === undefined || firstByteAt === undefined) return undefined;
	return firstByteAt < writtenAt ? undefined : firstByteAt - writtenAt;
}
