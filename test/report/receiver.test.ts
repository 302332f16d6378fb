import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type Receiver, startReceiver } from "../../src/report/receiver.js";
import type { Span } from "../../src/report/span.js";

const json = JSON.stringify({
	resourceSpans: [
		{
			scopeSpans: [
				{
					spans: [
						{
							traceId: "0".repeat(32),
							spanId: "0".repeat(16),
							name: "GET",
							startTimeUnixNano: "1",
							endTimeUnixNano: "2",
						},
					],
				},
			],
		},
	],
});

let receiver: Receiver;
let received: { spans: Span[]; json: string }[];

beforeEach(async () => {
	received = [];
	receiver = await startReceiver((spans, text) =>
		received.push({ spans, json: text }),
	);
});

afterEach(() => receiver.close());

function send(
	body: string | Buffer,
	headers: Record<string, string> = {},
	url = receiver.tracesUrl,
): Promise<Response> {
	return fetch(url, {
		method: "POST",
		headers: { "content-type": "application/json", ...headers },
		body,
	});
}

it("hands on the spans of an export and answers as the protocol asks", async () => {
	const response = await send(json);
	expect(response.status).toBe(200);
	expect(response.headers.get("content-type")).toBe("application/json");
	expect(await response.json()).toEqual({});
	expect(received).toHaveLength(1);
	expect(received[0]?.json).toBe(json);
	expect(received[0]?.spans.map(({ name }) => name)).toEqual(["GET"]);
});

it("hands on once what is delivered twice, and is content with both", async () => {
	const other = json.replace("0".repeat(16), "1".repeat(16));
	for (const body of [json, other, json]) {
		expect((await send(body)).status).toBe(200);
	}
	expect(received.map((each) => each.json)).toEqual([json, other]);
});

it("takes gzip", async () => {
	const response = await send(gzipSync(json), { "content-encoding": "gzip" });
	expect(response.status).toBe(200);
	expect(received[0]?.json).toBe(json);
});

it("listens on the loopback interface alone, at one address of it", async () => {
	const { hostname, port } = new URL(receiver.tracesUrl);
	expect(hostname).toBe("127.0.0.1");
	const others = Object.values(networkInterfaces())
		.flatMap((addresses = []) => addresses)
		.filter(({ address, scopeid }) => address !== hostname && !scopeid)
		.map(({ address }) => address);
	for (const host of [...others, "127.0.0.2"]) {
		const socket = connect({ host, port: Number(port), timeout: 1000 });
		const connected = await new Promise((resolve) => {
			socket.on("connect", () => resolve(true));
			for (const event of ["error", "timeout"])
				socket.on(event, () => resolve(false));
		});
		socket.destroy();
		expect([host, connected]).toEqual([host, false]);
	}
});

const large = Buffer.alloc(16 * 1024 * 1024 + 1, " ");

it.each([
	[
		"a body that is no OTLP",
		400,
		"resourceSpans: expected",
		() => send('{"resourceSpans":1}'),
	],
	["a body that is not JSON", 400, "not JSON", () => send("spans")],
	[
		"a body that is not gzip",
		400,
		"not gzip",
		() => send("spans", { "content-encoding": "gzip" }),
	],
	[
		"another path",
		404,
		"/v1/traces",
		() => send(json, {}, new URL("/v1/logs", receiver.tracesUrl).href),
	],
	["another method", 405, "POST", () => fetch(receiver.tracesUrl)],
	[
		"protobuf",
		415,
		"application/json",
		() => send(json, { "content-type": "application/x-protobuf" }),
	],
	[
		"another encoding",
		415,
		"gzip",
		() => send(json, { "content-encoding": "br" }),
	],
	["a body too large", 413, "larger than", () => send(large)],
	[
		"a body too large once unpacked",
		413,
		"larger than",
		() => send(gzipSync(large), { "content-encoding": "gzip" }),
	],
])("refuses %s and says why", async (_, status, message, request) => {
	const response = await request();
	expect(response.status).toBe(status);
	expect(await response.json()).toEqual({
		message: expect.stringContaining(message),
	});
	expect(received).toEqual([]);
	expect((await send(json)).status).toBe(200);
});

it("closes though an exporter keeps its connection", async () => {
	const { hostname, port } = new URL(receiver.tracesUrl);
	const socket = connect(Number(port), hostname);
	await new Promise((resolve) => socket.once("connect", resolve));
	const ended = new Promise((resolve) => socket.once("close", resolve));
	socket.resume();
	await receiver.close();
	await ended;
	await expect(send(json)).rejects.toThrow();
	receiver = await startReceiver(() => {});
});
