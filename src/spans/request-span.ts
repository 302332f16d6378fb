import { type AwsCall, readAwsCall } from "../aws/aws-call";
import type { Connection } from "../connections/connection";
import type { Decision } from "../connections/decision";
import type { PoolSnapshot } from "../connections/pool";
import type { Request } from "../connections/request";
import type { Phase } from "../connections/setup";
import { AttributeList } from "./attributes";
import { Attribute } from "./names";
import { redactUrl } from "./url";

/** Name and attributes of a request span, or of one that is still open when the process ends. */
export function describeRequest(request: Request): {
	readonly name: string;
	readonly attributes: AttributeList;
	readonly error: boolean;
} {
	const aws = readAwsCall(request.exchange);
	const error = errorOf(request);
	const attributes = new AttributeList();
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
	if (aws) addAws(attributes, request, aws);
	return { name: nameOf(request, aws), attributes, error: error !== undefined };
}

function nameOf({ exchange }: Request, aws: AwsCall | undefined): string {
	return aws?.service && aws.operation
		? `${aws.service}.${aws.operation}`
		: exchange.method;
}

/** The code of what went wrong, or the status of a response that says so. */
export function errorOf({ error, exchange }: Request): string | undefined {
	const { statusCode } = exchange;
	if (error !== undefined) return error;
	return statusCode !== undefined && statusCode >= 400
		? String(statusCode)
		: undefined;
}

function addHttp(
	attributes: AttributeList,
	{ exchange, connection, caused }: Request,
): void {
	const attempt = (connection ?? caused)?.setup.connectedAttempt;
	attributes.set(Attribute.httpRequestMethod, exchange.method);
	attributes.set(Attribute.urlFull, redactUrl(exchange.url));
	attributes.set(Attribute.serverAddress, exchange.host);
	attributes.set(Attribute.serverPort, exchange.port);
	attributes.set(
		Attribute.networkProtocolVersion,
		exchange.httpVersion ?? "1.1",
	);
	attributes.set(Attribute.httpResponseStatusCode, exchange.statusCode);
	attributes.set(Attribute.networkPeerAddress, attempt?.peer?.address);
	attributes.set(Attribute.networkPeerPort, attempt?.peer?.port);
	attributes.set(Attribute.networkLocalPort, attempt?.local?.port);
}

function addConnection(attributes: AttributeList, request: Request): void {
	const { connection, caused, wait, createdAt, assignedAt } = request;
	attributes.set(Attribute.connectionId, (connection ?? caused)?.id);
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
	if (caused?.observed) addSetupDurations(attributes, caused);
	const decision = request.decision ?? connection?.decision;
	if (decision) addDecision(attributes, decision);
}

function addSetupDurations(
	attributes: AttributeList,
	{ setup }: Connection,
): void {
	const { lookup, handshake, attempts } = setup;
	const [first] = attempts;
	const last = attempts.at(-1);
	attributes.set(Attribute.connectionSetup, durationOf(setup));
	attributes.set(Attribute.dnsLookup, lookup && durationOf(lookup));
	if (first && last?.end !== undefined) {
		attributes.set(Attribute.tcpConnect, last.end - first.start);
	}
	attributes.set(Attribute.tlsHandshake, handshake && durationOf(handshake));
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

function addAws(
	attributes: AttributeList,
	request: Request,
	aws: AwsCall,
): void {
	const { service, operation, attempt } = aws;
	attributes.set(Attribute.rpcSystemName, "aws-api");
	attributes.set(
		Attribute.rpcMethod,
		service && operation ? `${service}/${operation}` : operation,
	);
	if (service === "DynamoDB") {
		attributes.set(Attribute.dbSystemName, "aws.dynamodb");
		attributes.set(Attribute.dbOperationName, operation);
		addTables(attributes, request.tableNames ?? []);
	}
	attributes.set(Attribute.awsRequestId, aws.requestId);
	attributes.set(Attribute.cloudRegion, aws.region);
	attributes.set(Attribute.awsInvocationId, aws.invocationId);
	attributes.set(Attribute.awsAttempt, attempt);
	attributes.set(Attribute.awsMaxAttempts, aws.maxAttempts);
	if (attempt !== undefined && attempt > 1) {
		attributes.set(Attribute.httpRequestResendCount, attempt - 1);
	}
}

function addTables(attributes: AttributeList, tables: string[]): void {
	if (tables.length === 0) return;
	attributes.set(Attribute.awsDynamodbTableNames, tables);
	if (tables.length === 1) {
		attributes.set(Attribute.dbCollectionName, tables[0]);
	}
}
