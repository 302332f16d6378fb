// Times the steps of a reused request's span one by one: nanoseconds each, the best of many rounds, so that whatever
// else the machine does matters little. `node bench/micro.mjs [rounds]`
import { build } from "esbuild";

const CALLS = 5000;
const rounds = Number(process.argv[2] ?? 200);

const { outputFiles } = await build({
	stdin: {
		contents: `
			export { Connection } from "./src/connections/connection";
			export { Request } from "./src/connections/request";
			export { EncodedSpans } from "./src/export/encoded-spans";
			export { encodeSpan } from "./src/export/otlp-json";
			export { describeRequest } from "./src/spans/request-span";
			export { SpanWriter } from "./src/spans/writer";
			export { createSampler } from "./src/export/sampler";
			export { tableNames } from "./src/aws/dynamodb-tables";
		`,
		resolveDir: process.cwd(),
		loader: "ts",
	},
	bundle: true,
	format: "esm",
	platform: "node",
	write: false,
	mainFields: ["module", "main"],
	banner: {
		js: "import { createRequire } from 'node:module'; const require = createRequire('/');",
	},
});
const agent = await import(
	`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`
);

const HEADERS = {
	"x-amz-target": "DynamoDB_20120810.PutItem",
	authorization:
		"AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20261124/eu-west-1/dynamodb/aws4_request, SignedHeaders=host, Signature=00",
	"amz-sdk-invocation-id": "0d5b4b5c-8c4e-4a59-9c6e-9ce1f0a4c8b5",
	"amz-sdk-request": "attempt=1; max=4",
};
const BODY = JSON.stringify({
	TableName: "keepalive-test",
	Item: { userId: { S: "1" }, message: { S: "hello" } },
});
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
const now = () => {
	clock += 0.137_913;
	return clock;
};

function reusedRequest() {
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

let written;
const writer = (options) =>
	new agent.SpanWriter({
		resource: undefined,
		sampler: agent.createSampler({ name: "parentbased_always_on", ratio: 1 }),
		now,
		reusedRatio: 1,
		slowAfter: undefined,
		write: (span) => {
			written = span;
		},
		...options,
	});
const keeping = writer();
const leaving = writer({ reusedRatio: 0 });
keeping.requestEnded(reusedRequest());
const span = written;
const encoded = agent.encodeSpan(span);
let spans = new agent.EncodedSpans();

function renew() {
	if (spans.count === 512) spans = new agent.EncodedSpans(spans.clear());
}

const STEPS = {
	"make a request record": reusedRequest,
	"find the table in the body": () => agent.tableNames(BODY),
	"record, and leave the span out": () => leaving.requestEnded(reusedRequest()),
	"record, and make the span": () => keeping.requestEnded(reusedRequest()),
	"encode a span": () => agent.encodeSpan(span),
	"keep the text": () => {
		spans.add(encoded);
		renew();
	},
	"all of it": () => {
		keeping.requestEnded(reusedRequest());
		spans.add(agent.encodeSpan(written));
		renew();
	},
};

spans.add(encoded);
console.log(
	`Node ${process.version}, ${spans.bytes} bytes a span, ${encoded.text.length} of them its own`,
);
for (const [name, step] of Object.entries(STEPS)) {
	let best = Infinity;
	for (let round = 0; round < rounds; round++) {
		const begin = process.hrtime.bigint();
		for (let call = 0; call < CALLS; call++) step();
		best = Math.min(best, Number(process.hrtime.bigint() - begin) / CALLS);
	}
	console.log(`${best.toFixed(0).padStart(7)} ns  ${name}`);
}
