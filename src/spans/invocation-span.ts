import type { Link, SpanContext } from "@opentelemetry/api";
import type { Invocation } from "../connections/invocation";
import { AttributeList } from "./attributes";
import { Attribute } from "./names";

/** `arn:<partition>:lambda:<region>:<account>:function:<name>[:<qualifier>]` */
const FUNCTION_ARN = /^arn:[^:]*:lambda:([^:]+):([^:]+):function:/;

export function describeInvocation(invocation: Invocation): AttributeList {
	const { facts, fresh, reused, setupTime } = invocation;
	const [, region, account] = FUNCTION_ARN.exec(facts.functionArn ?? "") ?? [];
	const attributes = new AttributeList();
	attributes.set(Attribute.faasInvocationId, facts.id);
	attributes.set(Attribute.faasColdStart, facts.coldStart);
	attributes.set(Attribute.faasName, facts.functionName);
	attributes.set(Attribute.faasVersion, facts.functionVersion);
	attributes.set(Attribute.cloudResourceId, facts.functionArn);
	attributes.set(Attribute.cloudRegion, region);
	attributes.set(Attribute.cloudAccountId, account);
	attributes.set(Attribute.errorType, invocation.error);
	attributes.set(Attribute.frozen, invocation.frozen);
	attributes.set(Attribute.connectionsFresh, fresh || undefined);
	attributes.set(Attribute.connectionsReused, reused || undefined);
	attributes.set(Attribute.connectionsSetup, setupTime || undefined);
	return attributes;
}

/** The caller's span, where the invocation does not stand under it. */
export function linksOfInvocation({ facts }: Invocation): Link[] {
	return facts.link ? [{ context: facts.link as SpanContext }] : [];
}
