import { awsRequestId, invocationId, readAwsCall } from "../aws/aws-call";
import type { Finding } from "../connections/findings";
import type { Request } from "../connections/request";
import { FINDING_ADVICE } from "../report/advice";
import { toEpoch } from "../spans/clock";
import { redactUrl } from "../spans/url";
import { known, poolFacts, reasonFacts, setupFacts, wayOf } from "./common";
import type { AwsFacts, FindingFacts, RequestFacts } from "./facts";

/** What is known of a request that is over. */
export function requestFacts(request: Request, endedAt: number): RequestFacts {
	const { exchange, caused, createdAt, pool } = request;
	const connection = request.connection ?? caused;
	const url = redactUrl(exchange.url);
	return known<RequestFacts>({
		method: exchange.method,
		url,
		origin: originOf(url),
		serverAddress: exchange.host,
		serverPort: exchange.port,
		...wayOf(connection),
		protocolVersion: exchange.httpVersion ?? "1.1",
		statusCode: exchange.statusCode,
		error: request.failure,
		startTime: toEpoch(createdAt),
		durationMs: endedAt - createdAt,
		ttfbMs: request.timeToFirstByte,
		waitMs: request.waited,
		frozenMs: request.frozen,
		connectionId: connection?.id,
		reused: request.reused,
		requestNumber: request.knownNumber,
		ageMs: request.connectionAge,
		idleMs: request.connectionIdle,
		...setupFacts(request.paidSetup),
		...reasonFacts(request.freshDecision),
		pool: pool && poolFacts(pool),
		findings: request.findings?.length
			? request.findings.map(findingFacts)
			: undefined,
		aws: awsFacts(request),
	});
}

function originOf(url: string): string {
	return /^[a-z]+:\/\/[^/?#]*/i.exec(url)?.[0] ?? "";
}

function findingFacts({ code, detail }: Finding): FindingFacts {
	return { code, detail, advice: FINDING_ADVICE[code].sentence };
}

function awsFacts({ exchange, tableNames }: Request): AwsFacts | undefined {
	const call = readAwsCall(exchange);
	if (!call) return undefined;
	const { service, operation, region, attempt, maxAttempts } = call;
	return known<AwsFacts>({
		service,
		operation,
		region,
		tableNames: tableNames?.length ? [...tableNames] : undefined,
		requestId: awsRequestId(exchange),
		invocationId: invocationId(exchange),
		attempt,
		maxAttempts,
	});
}
