import type { AttributeValue, Span } from "../../src/report/span.js";

let spans = 0;

/** A span that begins `at` milliseconds after an arbitrary moment. */
export function span(
	name: string,
	at: number,
	duration: number,
	attributes: Record<string, AttributeValue> = {},
	parentSpanId?: string,
): Span {
	spans += 1;
	const start = EPOCH + BigInt(Math.round(at * 1e6));
	return {
		traceId: "0".repeat(32),
		spanId: spans.toString(16).padStart(16, "0"),
		...(parentSpanId && { parentSpanId }),
		name,
		scope: "conntrace",
		startTime: start,
		endTime: start + BigInt(Math.round(duration * 1e6)),
		attributes,
	};
}

/** The moment at which hand-made spans begin to count, in milliseconds since 1970. */
export const BEGIN = 1_760_000_000_000;
const EPOCH = BigInt(BEGIN) * 1_000_000n;

export interface RequestFacts {
	readonly at?: number;
	readonly duration?: number;
	readonly host?: string;
	readonly connection?: string;
	readonly more?: Record<string, AttributeValue>;
}

function request(
	{ at = 0, duration = 10, host = "a.example", connection, more }: RequestFacts,
	attributes: Record<string, AttributeValue>,
): Span {
	return span("DynamoDB.PutItem", at, duration, {
		"http.request.method": "POST",
		"server.address": host,
		"server.port": 443,
		...(connection && { "conntrace.connection.id": connection }),
		...attributes,
		...more,
	});
}

export function fresh({
	reason = "first_connection",
	reasonDetail,
	setup = 5,
	previous,
	...facts
}: RequestFacts & {
	readonly reason?: string;
	readonly reasonDetail?: string;
	readonly setup?: number;
	readonly previous?: string;
} = {}): Span {
	return request(facts, {
		"conntrace.connection.reused": false,
		"conntrace.connection.reason": reason,
		"conntrace.connection.setup_ms": setup,
		...(reasonDetail && { "conntrace.connection.reason_detail": reasonDetail }),
		...(previous && { "conntrace.connection.previous_id": previous }),
	});
}

export function reused(facts: RequestFacts = {}): Span {
	return request(facts, { "conntrace.connection.reused": true });
}
