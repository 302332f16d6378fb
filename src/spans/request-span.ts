import type { Attributes } from "@opentelemetry/api";
import { type AwsCall, readAwsCall } from "../aws/aws-call";
import type { Connection } from "../connections/connection";
import type { Decision } from "../connections/decision";
import type { PoolSnapshot } from "../connections/pool";
import type { Request } from "../connections/request";
import type { Phase } from "../connections/setup";
import { type Defined, defined } from "./attributes";
import { Attribute } from "./names";
import { redactUrl } from "./url";

/** Name and attributes of a request span, or of one that is still open when the process ends. */
export function describeRequest(request: Request): {
	readonly name: string;
	readonly attributes: Attributes;
	readonly error: boolean;
} {
	const aws = readAwsCall(request.exchange);
	const error = errorOf(request);
	return {
		name: nameOf(request, aws),
		error: error !== undefined,
		attributes: defined({
			...httpAttributes(request),
			[Attribute.errorType]: error,
			...connectionAttributes(request),
			...freshAttributes(request),
			[Attribute.timeToFirstByte]: timeToFirstByte(request),
			[Attribute.frozen]: request.frozen,
			[Attribute.findings]: request.findings?.length
				? request.findings.map(({ code }) => code)
				: undefined,
			...(aws && awsAttributes(request, aws)),
		}),
	};
}

function nameOf({ exchange }: Request, aws: AwsCall | undefined): string {
	return aws?.service && aws.operation
		? `${aws.service}.${aws.operation}`
		: exchange.method;
}

/** The code of what went wrong, or the status of a response that says so. */
function errorOf({ error, exchange }: Request): string | undefined {
	const { statusCode } = exchange;
	if (error !== undefined) return error;
	return statusCode !== undefined && statusCode >= 400
		? String(statusCode)
		: undefined;
}

function httpAttributes({ exchange, connection, caused }: Request): Defined {
	const attempt = (connection ?? caused)?.setup.connectedAttempt;
	return {
		[Attribute.httpRequestMethod]: exchange.method,
		[Attribute.urlFull]: redactUrl(exchange.url),
		[Attribute.serverAddress]: exchange.host,
		[Attribute.serverPort]: exchange.port,
		[Attribute.networkProtocolVersion]: exchange.httpVersion ?? "1.1",
		[Attribute.httpResponseStatusCode]: exchange.statusCode,
		[Attribute.networkPeerAddress]: attempt?.peer?.address,
		[Attribute.networkPeerPort]: attempt?.peer?.port,
		[Attribute.networkLocalPort]: attempt?.local?.port,
	};
}

function connectionAttributes(request: Request): Defined {
	const { connection, caused, createdAt, assignedAt } = request;
	return {
		[Attribute.connectionId]: (connection ?? caused)?.id,
		[Attribute.connectionReused]: request.reused,
		[Attribute.connectionRequestNumber]: request.number,
		[Attribute.connectionAge]: request.connectionAge,
		[Attribute.connectionIdle]: request.connectionIdle,
		[Attribute.connectionWait]:
			request.wait && assignedAt !== undefined
				? assignedAt - createdAt
				: undefined,
		...(request.wait && poolAttributes(request.wait.pool)),
	};
}

function freshAttributes(request: Request): Defined {
	const { connection, caused } = request;
	if (request.reused !== false) return {};
	const decision = request.decision ?? connection?.decision;
	return {
		...(caused?.observed && setupDurations(caused)),
		...(decision && decisionAttributes(decision)),
	};
}

function setupDurations({ setup }: Connection): Defined {
	const first = setup.attempts[0];
	const last = setup.attempts.at(-1);
	return {
		[Attribute.connectionSetup]: durationOf(setup),
		[Attribute.dnsLookup]: setup.lookup && durationOf(setup.lookup),
		[Attribute.tcpConnect]:
			first && last?.end !== undefined ? last.end - first.start : undefined,
		[Attribute.tlsHandshake]: setup.handshake && durationOf(setup.handshake),
	};
}

function durationOf({ start, end }: Phase): number | undefined {
	return end === undefined ? undefined : end - start;
}

function decisionAttributes(decision: Decision): Defined {
	return {
		[Attribute.reason]: decision.reason,
		[Attribute.reasonDetail]: decision.detail,
		[Attribute.contributing]:
			decision.contributing.length > 0 ? [...decision.contributing] : undefined,
		[Attribute.previousId]: decision.previousId,
		...(decision.pool && poolAttributes(decision.pool)),
	};
}

export function poolAttributes(pool: PoolSnapshot): Defined {
	return {
		[Attribute.poolFree]: pool.free,
		[Attribute.poolBusy]: pool.busy,
		[Attribute.poolQueued]: pool.queued,
		[Attribute.poolMax]: pool.max,
	};
}

/** Absent where the server answered before the request was fully written. */
function timeToFirstByte({
	writtenAt,
	firstByteAt,
}: Request): number | undefined {
	if (writtenAt === undefined || firstByteAt === undefined) return undefined;
	return firstByteAt < writtenAt ? undefined : firstByteAt - writtenAt;
}

function awsAttributes(request: Request, aws: AwsCall): Defined {
	const { service, operation, attempt } = aws;
	const tables = request.tableNames;
	return {
		[Attribute.rpcSystemName]: "aws-api",
		[Attribute.rpcMethod]:
			service && operation ? `${service}/${operation}` : operation,
		...(service === "DynamoDB" && {
			[Attribute.dbSystemName]: "aws.dynamodb",
			[Attribute.dbOperationName]: operation,
			[Attribute.dbCollectionName]:
				tables?.length === 1 ? tables[0] : undefined,
			[Attribute.awsDynamodbTableNames]: tables?.length
				? [...tables]
				: undefined,
		}),
		[Attribute.awsRequestId]: aws.requestId,
		[Attribute.cloudRegion]: aws.region,
		[Attribute.awsInvocationId]: aws.invocationId,
		[Attribute.awsAttempt]: attempt,
		[Attribute.awsMaxAttempts]: aws.maxAttempts,
		[Attribute.httpRequestResendCount]:
			attempt !== undefined && attempt > 1 ? attempt - 1 : undefined,
	};
}
