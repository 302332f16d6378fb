import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { Forwarder, findDestination } from "../../src/commands/forwarding.js";

const servers: Server[] = [];

afterEach(closeServers);

function closeServers(): void {
	for (const server of servers.splice(0)) {
		server.close();
		server.closeAllConnections();
	}
}

interface Received {
	url: string | undefined;
	authorization: string | undefined;
	body: string;
}

/** An OTLP endpoint that answers every request with the status, or never if it has none. */
async function collector(
	status: number | undefined,
	received: Received[] = [],
): Promise<string> {
	const server = createServer(async (request, response) => {
		let body = "";
		for await (const chunk of request) body += chunk;
		const { authorization } = request.headers;
		received.push({ url: request.url, authorization, body });
		if (status !== undefined) response.writeHead(status).end("{}");
	});
	servers.push(server);
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A port that nobody listens on. */
async function deadPort(): Promise<number> {
	const { port } = new URL(await collector(200));
	closeServers();
	return Number(port);
}

const noWarning = (line: string) => {
	throw new Error(line);
};

describe("findDestination", () => {
	it("takes the configured endpoint with its headers, whether or not it answers", async () => {
		const destination = await findDestination(
			{
				OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1/base/",
				OTEL_EXPORTER_OTLP_HEADERS: "authorization=Basic%20abc",
			},
			noWarning,
			{ otlp: await deadPort(), pages: await deadPort() },
		);
		expect(destination).toMatchObject({
			settings: {
				url: "http://127.0.0.1:1/base/v1/traces",
				headers: { authorization: "Basic abc" },
			},
		});
		expect(destination).not.toHaveProperty("jaeger");
	});

	it("takes a Jaeger on this machine when nothing is configured", async () => {
		const received: Received[] = [];
		const otlp = Number(new URL(await collector(200, received)).port);
		const pages = Number(new URL(await collector(200, received)).port);
		expect(await findDestination({}, noWarning, { otlp, pages })).toMatchObject(
			{
				settings: { url: `http://localhost:${otlp}/v1/traces` },
				jaeger: `http://localhost:${pages}`,
			},
		);
		expect(received.map(({ url, body }) => [url, body])).toEqual([
			["/v1/traces", "{}"],
			["/api/v3/services", ""],
		]);
	});

	it("finds nothing when nothing is configured and no Jaeger answers", async () => {
		const refusing = Number(new URL(await collector(404)).port);
		const silent = Number(new URL(await collector(undefined)).port);
		for (const port of [refusing, silent, await deadPort()]) {
			const ports = { otlp: port, pages: port };
			expect(await findDestination({}, noWarning, ports)).toBeUndefined();
		}
	});

	it("sends nothing on where exporting is switched off", async () => {
		expect(
			await findDestination(
				{
					OTEL_TRACES_EXPORTER: "none",
					OTEL_EXPORTER_OTLP_ENDPOINT: await collector(200),
				},
				noWarning,
			),
		).toBeUndefined();
	});

	it("names a variable that cannot be read", async () => {
		const warnings: string[] = [];
		await findDestination(
			{ OTEL_EXPORTER_OTLP_ENDPOINT: "localhost:4317" },
			(line) => warnings.push(line),
		);
		expect(warnings).toEqual([
			"OTEL_EXPORTER_OTLP_ENDPOINT: expected an http or https URL; using http://localhost:4318/v1/traces",
		]);
	});
});

describe("Forwarder", () => {
	async function forwarder(base: string): Promise<Forwarder> {
		const destination = await findDestination(
			{
				OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${base}/v1/traces`,
				OTEL_EXPORTER_OTLP_HEADERS: "authorization=Basic%20abc",
				OTEL_EXPORTER_OTLP_TIMEOUT: "500",
			},
			noWarning,
		);
		if (!destination) throw new Error("no destination");
		return new Forwarder(destination.settings);
	}

	it("delivers all exports in their order, with the headers", async () => {
		const received: Received[] = [];
		const forward = await forwarder(await collector(200, received));
		const bodies = ['{"a":1}', '{"a":2}', '{"a":3}'];
		for (const body of bodies) forward.add(body, 1);
		expect(await forward.finish()).toBeUndefined();
		expect(received.map(({ body }) => body)).toEqual(bodies);
		expect(received[0]).toMatchObject({
			url: "/v1/traces",
			authorization: "Basic abc",
		});
	});

	it("counts what was not taken and says why", async () => {
		const base = await collector(400);
		const forward = await forwarder(base);
		forward.add("{}", 2);
		forward.add("{}", 3);
		expect(await forward.finish()).toBe(
			`5 spans could not be sent on to ${base}/v1/traces: HTTP status 400`,
		);
	});

	it("counts what nobody answered to", async () => {
		const forward = await forwarder(await collector(undefined));
		forward.add("{}", 2);
		expect(await forward.finish()).toMatch(
			/^2 spans could not be sent on to .*: no answer within 500 ms$/,
		);
	});

	it("does not fill the memory for one that does not keep up", async () => {
		const base = await collector(undefined);
		const forward = await forwarder(base);
		const large = " ".repeat(30 * 1024 * 1024);
		for (let sent = 0; sent < 4; sent++) forward.add(large, 1);
		expect(await forward.finish()).toBe(
			`4 spans could not be sent on to ${base}/v1/traces: it does not keep up`,
		);
	});
});
