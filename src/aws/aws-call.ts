import type { Exchange } from "../connections/request";

/** What the wire says about an AWS call, whichever SDK made it; the same for all calls that ask for the same. */
export interface AwsCall {
	/** `DynamoDB`; absent if only the operation is known. */
	readonly service?: string | undefined;
	readonly operation?: string | undefined;
	readonly region?: string | undefined;
	/** From 1. */
	readonly attempt?: number | undefined;
	readonly maxAttempts?: number | undefined;
}

type RequestHeaders = Pick<Exchange, "requestHeader">;

/** Reads the call from its headers; nothing if it is not one. */
export function readAwsCall(
	exchange: RequestHeaders & { readonly url: string },
): AwsCall | undefined {
	const target = readTarget(exchange.requestHeader("x-amz-target"));
	const scope = readScope(exchange.requestHeader("authorization"));
	if (!target && !scope && invocationId(exchange) === undefined) {
		return undefined;
	}
	const attempts = exchange.requestHeader("amz-sdk-request") ?? "";
	const signedAs = scope && (SIGNING_NAMES[scope.service] ?? scope.service);
	return {
		service: signedAs ?? target?.service,
		operation: target?.operation ?? readOperationParameter(exchange.url),
		region: scope?.region,
		attempt: readNumber(ATTEMPT, attempts),
		maxAttempts: readNumber(MAX_ATTEMPTS, attempts),
	};
}

/**
 * What `readAwsCall` reads, unread: calls with the same text are the same to it. It holds a key id and is not for
 * anybody's eyes. Absent if nothing shows an AWS call.
 */
export function awsCallText(
	exchange: RequestHeaders & { readonly url: string },
): string | undefined {
	const target = exchange.requestHeader("x-amz-target");
	const authorization = exchange.requestHeader("authorization");
	const signed = authorization?.indexOf(SCOPE_END) ?? -1;
	if (target === undefined && signed < 0 && !invocationId(exchange)) {
		return undefined;
	}
	const scope = signed < 0 ? "" : authorization?.slice(0, signed);
	const operation = target ?? readOperationParameter(exchange.url);
	return `${operation}\n${scope}\n${exchange.requestHeader("amz-sdk-request")}`;
}

/** Joins the attempts of one SDK call. */
export function invocationId(exchange: RequestHeaders): string | undefined {
	return exchange.requestHeader("amz-sdk-invocation-id");
}

/** AWS's own number of the request. */
export function awsRequestId(
	exchange: Pick<Exchange, "responseHeader">,
): string | undefined {
	return (
		exchange.responseHeader("x-amzn-requestid") ??
		exchange.responseHeader("x-amz-request-id")
	);
}

/** The service alone, as `readAwsCall` would name it. */
export function awsServiceOf(exchange: RequestHeaders): string | undefined {
	return readAwsCall({
		requestHeader: (name) => exchange.requestHeader(name),
		url: "",
	})?.service;
}

/** Whether an SDK has made this call before, without success. */
export function isRetry(exchange: RequestHeaders): boolean {
	const header = exchange.requestHeader("amz-sdk-request");
	return header !== undefined && (readNumber(ATTEMPT, header) ?? 1) > 1;
}

/** Names of services as the SDKs have them, by the name in the signing scope where the two differ. */
const SIGNING_NAMES: Readonly<Record<string, string>> = {
	dynamodb: "DynamoDB",
	s3: "S3",
	sqs: "SQS",
	sns: "SNS",
	sts: "STS",
	kms: "KMS",
	lambda: "Lambda",
	kinesis: "Kinesis",
	firehose: "Firehose",
	events: "EventBridge",
	states: "SFN",
	ssm: "SSM",
	secretsmanager: "Secrets Manager",
	logs: "CloudWatch Logs",
	monitoring: "CloudWatch",
};

/** Names of services by the prefix of `x-amz-target`, for calls that are not signed. */
const TARGET_PREFIXES: Readonly<Record<string, string>> = {
	DynamoDB: "DynamoDB",
	AmazonSQS: "SQS",
	Kinesis: "Kinesis",
	Firehose: "Firehose",
	AWSEvents: "EventBridge",
	AWSStepFunctions: "SFN",
	AmazonSSM: "SSM",
	secretsmanager: "Secrets Manager",
	TrentService: "KMS",
	Logs: "CloudWatch Logs",
};

/** `DynamoDB_20120810.PutItem`. */
function readTarget(
	header: string | undefined,
): { service: string; operation: string } | undefined {
	const match = /^(\w{1,128}?)(?:_\d{8})?\.(\w{1,128})$/.exec(header ?? "");
	const [, prefix, operation] = match ?? [];
	if (!prefix || !operation) return undefined;
	return { service: TARGET_PREFIXES[prefix] ?? prefix, operation };
}

const SCOPE_END = "/aws4_request";

/** `AWS4-HMAC-SHA256 Credential=<key>/<date>/<region>/<service>/aws4_request, ...`; the asymmetric form has no region. */
function readScope(
	header: string | undefined,
): { region: string | undefined; service: string } | undefined {
	if (!header?.startsWith("AWS4-")) return undefined;
	const match =
		/Credential=[^/,\s]+\/\d{8}\/(?:([\w-]+)\/)?([\w-]+)\/aws4_request/.exec(
			header,
		);
	const service = match?.[2];
	return service ? { region: match[1], service } : undefined;
}

/** `attempt=1; max=4`. */
const ATTEMPT = /\battempt=(\d{1,9})\b/;
const MAX_ATTEMPTS = /\bmax=(\d{1,9})\b/;

function readNumber(pattern: RegExp, header: string): number | undefined {
	const digits = pattern.exec(header)?.[1];
	return digits === undefined ? undefined : Number(digits);
}

/** SDK v3 names the operation of REST services in the query: `?x-id=PutObject`. */
function readOperationParameter(url: string): string | undefined {
	return /[?&]x-id=(\w{1,128})(?![^&])/.exec(url)?.[1];
}
