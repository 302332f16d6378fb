import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import {
	findDestination,
	forward,
	searchLink,
} from "../../src/demo/forwarding.js";
import { Failure } from "../../src/failure.js";

const servers: Server[] = [];

afterEach(() => {
	for (const server of servers.splice(0)) {
		server.close();
		server.closeAllConnections();
	}
});

interface Received {
	url: string | undefined;
	authorization: string | undefined;
	body: string;
}

/** An OTLP endpoint that answers every request with the status. */
async function collector(status: number, received: Received[] = []) {
	const server = createServer(async (request, response) => {
		let body = "";
		for await (const chunk of request) body += chunk;
		const { authorization } = request.headers;
		received.push({ url: request.url, authorization, body });
		response.writeHead(status).end("no room");
	});
	servers.push(server);
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const never = new AbortController().signal;

describe("findDestination", () => {
	it("adds the path to the general endpoint", async () => {
		for (const end of ["", "/"]) {
			const destination = await findDestination({
				OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:9/base${end}`,
			});
			expect(destination).toEqual({
				tracesUrl: "http://127.0.0.1:9/base/v1/traces",
				headers: {},
			});
		}
	});

	it("prefers the endpoint for traces, as it is, and takes the headers", async () => {
		const destination = await findDestination({
			OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1",
			OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://127.0.0.1:9/otlp",
			OTEL_EXPORTER_OTLP_HEADERS: "authorization=Basic%20abc,a=1",
			OTEL_EXPORTER_OTLP_TRACES_HEADERS: "a=2",
		});
		expect(destination).toEqual({
			tracesUrl: "http://127.0.0.1:9/otlp",
			headers: { authorization: "Basic abc", a: "2" },
		});
	});

	it("takes a Jaeger on this machine when nothing is configured", async () => {
		const received: Received[] = [];
		const otlp = new URL(await collector(200, received)).port;
		const pages = new URL(await collector(200, received)).port;
		const ports = { otlp: Number(otlp), pages: Number(pages) };
		expect(await findDestination({}, ports)).toEqual({
			tracesUrl: `http://localhost:${otlp}/v1/traces`,
			headers: {},
			jaeger: `http://localhost:${pages}`,
		});
		expect(received.map(({ url, body }) => [url, body])).toEqual([
			["/v1/traces", "{}"],
			["/api/v3/services", ""],
		]);
	});

	it("finds nothing when nothing is configured and no Jaeger answers", async () => {
		const refusing = Number(new URL(await collector(404)).port);
		const ports = { otlp: refusing, pages: refusing };
		expect(await findDestination({}, ports)).toBeUndefined();
		for (const server of servers) server.close();
		expect(await findDestination({}, ports)).toBeUndefined();
	});

	it.each(["localhost:4317", "ftp://localhost", "http://"])(
		"refuses %s and names the variable",
		async (endpoint) => {
			const found = findDestination({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint });
			await expect(found).rejects.toThrow(Failure);
			await expect(found).rejects.toThrow(
				`OTEL_EXPORTER_OTLP_ENDPOINT must be an http or https URL such as http://localhost:4318, got "${endpoint}"`,
			);
		},
	);
});

describe("forward", () => {
	it("posts the export with the headers", async () => {
		const received: Received[] = [];
		const tracesUrl = `${await collector(200, received)}/v1/traces`;
		await forward(
			{ tracesUrl, headers: { authorization: "Basic abc" } },
			'{"resourceSpans":[]}',
			never,
		);
		expect(received).toEqual([
			{
				url: "/v1/traces",
				authorization: "Basic abc",
				body: '{"resourceSpans":[]}',
			},
		]);
	});

	it("says why the export was not accepted", async () => {
		const tracesUrl = await collector(507);
		await expect(
			forward({ tracesUrl, headers: {} }, "{}", never),
		).rejects.toThrow(
			`Could not send the spans on to ${tracesUrl}: it answered 507 no room`,
		);
	});

	it("says that nobody answers", async () => {
		const tracesUrl = await collector(200);
		for (const server of servers) server.close();
		await expect(
			forward({ tracesUrl, headers: {} }, "{}", never),
		).rejects.toThrow(
			/^Could not send the spans on to .*: connect ECONNREFUSED/,
		);
	});

	it("stops with the demo", async () => {
		const tracesUrl = await collector(200);
		await expect(
			forward({ tracesUrl, headers: {} }, "{}", AbortSignal.abort()),
		).rejects.toThrow(Failure);
	});
});

it("links to the traces of a service", () => {
	expect(searchLink("http://localhost:16686", "a b")).toBe(
		"http://localhost:16686/search?service=a+b&lookback=1h&limit=100",
	);
});
