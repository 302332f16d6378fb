import type { Link, SpanContext } from "@opentelemetry/api";
import type { Invocation } from "../connections/invocation";
import { AttributeList } from "./attributes";
import { Attribute } from "./names";

/** `arn:<partition>:lambda:<region>:<account>:function:<name>[:<qualifier>]` */
const FUNCTION_ARN = /^arn:[^:]*:lambda:([^:]+):([^:]+):function:/;

export function describeInvocation(invocation: Invocation): AttributeList {
	const { facts, fresh, reused, setupTime } = invocation;
	const [, region, account] = FUNCTION_ARN.exec(facts.functionArn ?? "") ?? [];
	return new AttributeList({
		[Attribute.faasInvocationId]: facts.id,
		[Attribute.faasColdStart]: facts.coldStart,
		[Attribute.faasName]: facts.functionName,
		[Attribute.faasVersion]: facts.functionVersion,
		[Attribute.cloudResourceId]: facts.functionArn,
		[Attribute.cloudRegion]: region,
		[Attribute.cloudAccountId]: account,
		[Attribute.errorType]: invocation.error,
		[Attribute.frozen]: invocation.frozen,
		[Attribute.connectionsFresh]: fresh || undefined,
		[Attribute.connectionsReused]: reused || undefined,
		[Attribute.connectionsSetup]: setupTime || undefined,
	});
}

/** The caller's span, where the invocation does not stand under it. */
export function linksOfInvocation({ facts }: Invocation): Link[] {
	return facts.link ? [{ context: facts.link as SpanContext }] : [];
}
