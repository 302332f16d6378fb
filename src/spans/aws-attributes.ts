import {
	awsCallText,
	awsRequestId,
	invocationId,
	readAwsCall,
} from "../aws/aws-call";
import type { Request } from "../connections/request";
import { AttributeList } from "./attributes";
import { Attribute } from "./names";

/** What spans of calls that ask for the same have in common. */
interface Call {
	readonly name: string | undefined;
	readonly attributes: AttributeList;
}

/** Programs make a few calls over and over again; of one whose text is longer than this, nothing is kept. */
const MAX_CALLS = 256;
const MAX_KEY_LENGTH = 4096;

const calls = new Map<string, Call>();

/**
 * Adds what is known of an AWS call.
 * @returns the name of its span, if both service and operation are known
 */
export function addAws(
	attributes: AttributeList,
	request: Request,
): string | undefined {
	const { exchange, tableNames = [] } = request;
	const text = awsCallText(exchange);
	if (text === undefined) return undefined;
	const [table = ""] = tableNames;
	const key = `${text}\n${tableNames.length > 1 ? tableNames.join() : table}`;
	let call = calls.get(key);
	if (!call) {
		if (calls.size >= MAX_CALLS) calls.clear();
		call = describeCall(request);
		if (key.length <= MAX_KEY_LENGTH) calls.set(key, call);
	}
	attributes.include(call.attributes);
	attributes.add({
		[Attribute.awsRequestId]: awsRequestId(exchange),
		[Attribute.awsInvocationId]: invocationId(exchange),
	});
	return call.name;
}

function describeCall({ exchange, tableNames = [] }: Request): Call {
	const { service, operation, region, attempt, maxAttempts } =
		readAwsCall(exchange) ?? {};
	const known = service !== undefined && operation !== undefined;
	const attributes = new AttributeList({
		[Attribute.rpcSystemName]: "aws-api",
		[Attribute.rpcMethod]: known ? `${service}/${operation}` : operation,
	});
	if (service === "DynamoDB") {
		attributes.add({
			[Attribute.dbSystemName]: "aws.dynamodb",
			[Attribute.dbOperationName]: operation,
			[Attribute.awsDynamodbTableNames]:
				tableNames.length > 0 ? tableNames : undefined,
			[Attribute.dbCollectionName]:
				tableNames.length === 1 ? tableNames[0] : undefined,
		});
	}
	attributes.add({
		[Attribute.cloudRegion]: region,
		[Attribute.awsAttempt]: attempt,
		[Attribute.awsMaxAttempts]: maxAttempts,
		[Attribute.httpRequestResendCount]:
			attempt !== undefined && attempt > 1 ? attempt - 1 : undefined,
	});
	return { name: known ? `${service}.${operation}` : undefined, attributes };
}
