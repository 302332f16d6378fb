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
	const key = `${text}\n${tableNames.join()}`;
	let call = calls.get(key);
	if (!call) {
		if (calls.size >= MAX_CALLS) calls.clear();
		call = describeCall(request);
		if (key.length <= MAX_KEY_LENGTH) calls.set(key, call);
	}
	attributes.include(call.attributes);
	attributes.set(Attribute.awsRequestId, awsRequestId(exchange));
	attributes.set(Attribute.awsInvocationId, invocationId(exchange));
	return call.name;
}

function describeCall({ exchange, tableNames = [] }: Request): Call {
	const { service, operation, region, attempt, maxAttempts } =
		readAwsCall(exchange) ?? {};
	const known = service !== undefined && operation !== undefined;
	const attributes = new AttributeList();
	attributes.set(Attribute.rpcSystemName, "aws-api");
	attributes.set(
		Attribute.rpcMethod,
		known ? `${service}/${operation}` : operation,
	);
	if (service === "DynamoDB") {
		attributes.set(Attribute.dbSystemName, "aws.dynamodb");
		attributes.set(Attribute.dbOperationName, operation);
		addTables(attributes, tableNames);
	}
	attributes.set(Attribute.cloudRegion, region);
	attributes.set(Attribute.awsAttempt, attempt);
	attributes.set(Attribute.awsMaxAttempts, maxAttempts);
	if (attempt !== undefined && attempt > 1) {
		attributes.set(Attribute.httpRequestResendCount, attempt - 1);
	}
	return { name: known ? `${service}.${operation}` : undefined, attributes };
}

function addTables(attributes: AttributeList, tables: string[]): void {
	if (tables.length === 0) return;
	attributes.set(Attribute.awsDynamodbTableNames, tables);
	if (tables.length === 1) {
		attributes.set(Attribute.dbCollectionName, tables[0]);
	}
}
