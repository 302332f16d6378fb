// The floor: one span for each request, of its method, its address, its status and two timestamps, by Node's own
// channels, sent in batches. It knows nothing of connections.
const { randomBytes } = require("node:crypto");
const { subscribe } = require("node:diagnostics_channel");
const http = require("node:http");

const URL = `${process.env.OTEL_EXPORTER_OTLP_ENDPOINT}/v1/traces`;
const BATCH = 512;
const DELAY_MS = 1000;
const CALLER = 3;
const HEAD =
	'{"resourceSpans":[{"resource":{},"scopeSpans":[{"scope":{"name":"minimum"},"spans":[';

const agent = new http.Agent({ keepAlive: true });
const begun = Symbol("begun");
let spans = [];
let timer;

const now = () => performance.timeOrigin + performance.now();
const nanoseconds = (time) => `${Math.round(time * 1000)}000`;

subscribe("http.client.request.start", ({ request }) => {
	request[begun] = now();
});
subscribe("http.client.response.finish", ({ request, response }) => {
	if (request.agent === agent) return;
	spans.push(
		`{"traceId":"${randomBytes(16).toString("hex")}","spanId":"${randomBytes(8).toString("hex")}","name":"${request.method}","kind":${CALLER},"startTimeUnixNano":"${nanoseconds(request[begun])}","endTimeUnixNano":"${nanoseconds(now())}","attributes":[{"key":"server.address","value":{"stringValue":"${request.host}"}},{"key":"http.response.status_code","value":{"intValue":"${response.statusCode}"}}]}`,
	);
	if (spans.length === BATCH) send();
	else timer ??= setTimeout(send, DELAY_MS).unref();
});

function send() {
	clearTimeout(timer);
	timer = undefined;
	if (spans.length === 0) return;
	http
		.request(URL, {
			agent,
			method: "POST",
			headers: { "content-type": "application/json" },
		})
		.on("response", (response) => response.resume())
		.end(`${HEAD}${spans.join(",")}]}]}]}`);
	spans = [];
}
process.on("beforeExit", send);
