import { REASONS } from "../../src/connections/reason.js";
import type { Attributes, Value } from "./spans.js";

type Check = (value: Value) => boolean;

interface AttributeRule {
	readonly expected: string;
	readonly accepts: Check;
}

const text: AttributeRule = {
	expected: "a string that is not empty",
	accepts: (value) => typeof value === "string" && value !== "",
};
const texts: AttributeRule = {
	expected: "strings, at least one",
	accepts: (value) =>
		Array.isArray(value) && value.length > 0 && value.every(text.accepts),
};
const flag: AttributeRule = {
	expected: "true or false",
	accepts: (value) => typeof value === "boolean",
};
const yes: AttributeRule = {
	expected: "true or absent",
	accepts: (value) => value === true,
};
const count: AttributeRule = {
	expected: "an integer, not negative",
	accepts: (value) => Number.isInteger(value) && Number(value) >= 0,
};
const ordinal: AttributeRule = {
	expected: "an integer from 1",
	accepts: (value) => Number.isInteger(value) && Number(value) >= 1,
};
const port: AttributeRule = {
	expected: "a port number",
	accepts: (value) =>
		Number.isInteger(value) && Number(value) > 0 && Number(value) < 65_536,
};
/** A time that may be too short to be seen. */
const milliseconds: AttributeRule = {
	expected: "milliseconds, not negative",
	accepts: (value) => typeof value === "number" && value >= 0,
};
/** A time that something took: zero would be a fact that did not happen. */
const took: AttributeRule = {
	expected: "milliseconds above 0",
	accepts: (value) => typeof value === "number" && value > 0,
};
const share: AttributeRule = {
	expected: "a number above 0, up to 1",
	accepts: (value) => typeof value === "number" && value > 0 && value <= 1,
};
const oneOf = (...values: readonly string[]): AttributeRule => ({
	expected: `one of ${values.join(", ")}`,
	accepts: (value) => values.includes(value as string),
});
const reason: AttributeRule = {
	...oneOf(...REASONS),
	expected: "a reason of the contract",
};

interface Schema {
	readonly required: Readonly<Record<string, AttributeRule>>;
	readonly optional: Readonly<Record<string, AttributeRule>>;
}

const ANYWHERE = { "conntrace.unfinished": yes, "error.type": text };

const POOL = {
	"conntrace.pool.free": count,
	"conntrace.pool.busy": count,
	"conntrace.pool.queued": count,
	"conntrace.pool.max": ordinal,
};

const PEER = {
	"network.peer.address": text,
	"network.peer.port": port,
	"network.local.port": port,
};

const PROXY = {
	"conntrace.proxy.address": text,
	"conntrace.proxy.port": port,
};

const REQUEST: Schema = {
	required: {
		"http.request.method": text,
		"url.full": text,
		"server.address": text,
		"server.port": port,
		"network.protocol.version": text,
	},
	optional: {
		...PEER,
		...PROXY,
		"conntrace.proxy.tunnel_ms": took,
		"http.response.status_code": ordinal,
		"http.request.resend_count": ordinal,
		"conntrace.connection.id": text,
		"conntrace.connection.reused": flag,
		"conntrace.connection.request_number": ordinal,
		"conntrace.connection.age_ms": milliseconds,
		"conntrace.connection.idle_ms": milliseconds,
		"conntrace.connection.wait_ms": took,
		"conntrace.connection.setup_ms": took,
		"conntrace.dns.lookup_ms": took,
		"conntrace.tcp.connect_ms": took,
		"conntrace.tls.handshake_ms": took,
		"conntrace.ttfb_ms": took,
		"conntrace.connection.reason": reason,
		"conntrace.connection.reason_detail": text,
		"conntrace.connection.contributing": {
			expected: "reasons of the contract, each once",
			accepts: (value) =>
				Array.isArray(value) &&
				value.length > 0 &&
				value.every(reason.accepts) &&
				new Set(value).size === value.length,
		},
		"conntrace.connection.previous_id": text,
		...POOL,
		"conntrace.frozen_ms": took,
		"conntrace.sampling.ratio": share,
		"conntrace.findings": texts,
		"conntrace.lambda.phase": oneOf("init", "invoke"),
		"rpc.system.name": oneOf("aws-api"),
		"rpc.method": text,
		"db.system.name": oneOf("aws.dynamodb"),
		"db.operation.name": text,
		"db.collection.name": text,
		"aws.dynamodb.table_names": texts,
		"aws.request_id": text,
		"cloud.region": text,
		"conntrace.aws.invocation_id": text,
		"conntrace.aws.attempt": ordinal,
		"conntrace.aws.max_attempts": ordinal,
	},
};

const INVOCATION: Schema = {
	required: {
		"faas.invocation.id": text,
		"faas.coldstart": flag,
		"faas.name": text,
	},
	optional: {
		"faas.version": text,
		"cloud.resource_id": text,
		"cloud.region": text,
		"cloud.account.id": text,
		"conntrace.frozen_ms": took,
		"conntrace.connections.fresh": ordinal,
		"conntrace.connections.reused": ordinal,
		"conntrace.connections.setup_ms": took,
	},
};

const SCHEMAS: Readonly<Record<string, Schema>> = {
	"connection.wait": {
		required: {},
		optional: { ...POOL, "conntrace.connection.reason_detail": text },
	},
	"connection.setup": {
		required: {
			"conntrace.connection.id": text,
			"server.address": text,
			"server.port": port,
			"network.transport": oneOf("tcp"),
		},
		optional: {
			...PEER,
			...PROXY,
			"conntrace.connection.reason": reason,
			"conntrace.connection.failures_in_row": {
				expected: "an integer from 2",
				accepts: (value) => Number.isInteger(value) && Number(value) > 1,
			},
			"conntrace.lambda.phase": oneOf("init", "invoke"),
		},
	},
	"dns.lookup": {
		required: {
			"dns.question.name": text,
			"conntrace.dns.in_flight": count,
		},
		optional: {
			"dns.answers": texts,
			"conntrace.dns.resolver": oneOf("custom"),
			"conntrace.dns.pool_wait_ms": took,
			"conntrace.dns.since_previous_ms": milliseconds,
			"conntrace.dns.same_answer": flag,
			"conntrace.dns.ttl_s": count,
			"conntrace.dns.avoidable": flag,
		},
	},
	"tcp.connect": {
		required: {
			"network.peer.address": text,
			"network.peer.port": port,
			"network.transport": oneOf("tcp"),
			"network.type": oneOf("ipv4", "ipv6"),
			"conntrace.tcp.attempt": ordinal,
		},
		optional: { "network.local.address": text, "network.local.port": port },
	},
	"proxy.tunnel": {
		required: PROXY,
		optional: { "http.response.status_code": ordinal },
	},
	"tls.handshake": {
		required: {},
		optional: {
			"server.address": text,
			"tls.protocol.name": oneOf("tls", "ssl"),
			"tls.protocol.version": text,
			"tls.cipher": text,
			"tls.next_protocol": text,
			"tls.resumed": flag,
			"tls.server.subject": text,
			"tls.server.issuer": text,
			"tls.server.not_after": {
				expected: "an ISO 8601 time",
				accepts: (value) =>
					/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value as string) &&
					!Number.isNaN(Date.parse(value as string)),
			},
		},
	},
};

/** Names of the spans below those of requests. */
export const PART_NAMES = Object.keys(SCHEMAS);

/** Attributes that are missing, of another type than the contract says, or not in it. */
export function* checkAttributes(
	name: string,
	attributes: Attributes,
): Generator<string> {
	const { required, optional } =
		SCHEMAS[name] ??
		("faas.invocation.id" in attributes ? INVOCATION : REQUEST);
	const known: Record<string, AttributeRule> = {
		...ANYWHERE,
		...required,
		...optional,
	};
	for (const attribute of Object.keys(required)) {
		if (!(attribute in attributes)) yield `${attribute} is missing`;
	}
	for (const [attribute, value] of Object.entries(attributes)) {
		const rule = known[attribute];
		if (!rule) yield `${attribute} is not in the contract`;
		else if (!rule.accepts(value))
			yield `${attribute} is ${JSON.stringify(value)}, not ${rule.expected}`;
	}
}
