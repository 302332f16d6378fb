// Parts of the agent by themselves, bundled from the sources: for measurements that nothing else should be in.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const PARTS = `
	export { Connection } from "./src/connections/connection";
	export { Request } from "./src/connections/request";
	export { EncodedSpans } from "./src/export/encoded-spans";
	export { otlpJson } from "./src/export/otlp-json";
	export { otlpProtobuf } from "./src/export/otlp-protobuf";
	export { ExportPipeline } from "./src/export/pipeline";
	export { createResource } from "./src/export/resource";
	export { createSampler } from "./src/export/sampler";
	export { RecordSink } from "./src/spans/record-sink";
	export { SpanWriter } from "./src/spans/writer";
	export { now } from "./src/spans/clock";
	export { tableNames } from "./src/aws/dynamodb-tables";
	export { readCollectorSettings } from "./src/agent/collector-variables";
	export { Variables } from "./src/agent/variables";
`;

const directory = await mkdtemp(join(tmpdir(), "conntrace-parts-"));
const file = join(directory, "parts.mjs");
await build({
	stdin: {
		contents: PARTS,
		resolveDir: fileURLToPath(new URL("..", import.meta.url)),
		loader: "ts",
	},
	bundle: true,
	format: "esm",
	platform: "node",
	outfile: file,
	mainFields: ["module", "main"],
	banner: {
		js: "import { createRequire } from 'node:module'; const require = createRequire('/');",
	},
});

export const agent = await import(pathToFileURL(file).href);
await rm(directory, { recursive: true });

const HEADERS = {
	"x-amz-target": "DynamoDB_20120810.PutItem",
	authorization:
		"AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20261124/eu-west-1/dynamodb/aws4_request, SignedHeaders=host, Signature=00",
	"amz-sdk-invocation-id": "0d5b4b5c-8c4e-4a59-9c6e-9ce1f0a4c8b5",
	"amz-sdk-request": "attempt=1; max=4",
};

export const BODY = JSON.stringify({
	TableName: "keepalive-test",
	Item: { userId: { S: "1" }, message: { S: "hello" } },
});

/** A put into DynamoDB as the agent sees it on the wire. */
const exchange = {
	method: "POST",
	url: "https://dynamodb.eu-west-1.amazonaws.com/",
	host: "dynamodb.eu-west-1.amazonaws.com",
	port: 443,
	requestHeader: (name) => HEADERS[name],
	pendingBody: () => BODY,
	statusCode: 200,
	httpVersion: "1.1",
	responseHeader: (name) =>
		name === "x-amzn-requestid" ? "0".repeat(52) : undefined,
	responseUnread: false,
};

const connection = new agent.Connection("c0ffee-1", exchange, true, 1);
connection.requestCount = 17;
const attempt = connection.setup.beginAttempt(2, {
	address: "10.0.0.1",
	port: 443,
});
attempt.end = 3.25;
attempt.local = { address: "10.0.0.2", port: 50_123 };
connection.setup.end = 5.5;

let clock = 1000;
export const now = () => {
	clock += 0.137_913;
	return clock;
};

/** The record of a request on a connection that has carried others, at its end. */
export function reusedRequest() {
	const request = new agent.Request(exchange, now(), undefined);
	request.connection = connection;
	request.assignedAt = now();
	request.connectionAge = now();
	request.connectionIdle = 1.234_567;
	request.number = 17;
	request.writtenAt = now();
	request.firstByteAt = now();
	request.endedAt = now();
	request.tableNames = ["keepalive-test"];
	return request;
}

/** A writer of spans that hands them to `write`. */
export function writerTo(write, options = {}) {
	return new agent.SpanWriter({
		sink: new agent.RecordSink({
			resource: undefined,
			sampler: agent.createSampler({ name: "parentbased_always_on", ratio: 1 }),
			write,
		}),
		now,
		reusedRatio: 1,
		slowAfter: undefined,
		guard: (run) => run(),
		...options,
	});
}
