import { once } from "node:events";
import net, { type AddressInfo, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import tls from "node:tls";
import { describe, expect, inject, it, onTestFinished } from "vitest";
import type { CollectorSettings } from "../../src/export/collector-settings.js";
import { OtlpTransport } from "../../src/export/otlp-transport.js";
import { refusingPort } from "../support/server.js";

const SETTINGS: Omit<CollectorSettings, "url"> = {
	headers: {},
	protocol: "http/json",
	timeout: 15_000,
	gzip: false,
	scheduleDelay: 5000,
	maxSpans: 1000,
	batchSize: 512,
};
const FORMAT = {
	contentType: "application/json",
	rejection: () => undefined,
};
const BODY = [Buffer.from("{"), Buffer.from("}")];

const OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";

/** What a server does with each request, one after the other; the last goes for all that follow. */
type Behaviour = string | ((socket: Socket) => void);

interface Served {
	readonly port: number;
	/** The requests of each connection, as they came. */
	readonly connections: readonly string[][];
	readonly sockets: readonly Socket[];
	/** Of each connection with TLS, whether it went on with a session. */
	readonly resumed: readonly boolean[];
}

/** A server that knows of HTTP no more than where a request ends. */
async function serve(
	behaviours: readonly Behaviour[],
	{
		host = "127.0.0.1",
		secure,
	}: { host?: string; secure?: tls.TlsOptions } = {},
): Promise<Served> {
	const connections: string[][] = [];
	const sockets: Socket[] = [];
	const resumed: boolean[] = [];
	let count = 0;
	const accept = (socket: Socket): void => {
		const requests: string[] = [];
		connections.push(requests);
		sockets.push(socket);
		if (socket instanceof tls.TLSSocket) resumed.push(socket.isSessionReused());
		let text = "";
		socket.on("error", () => {});
		socket.on("data", (bytes) => {
			text += bytes.toString("latin1");
			const [, head, length] =
				/^(.*?content-length: (\d+)\r\n\r\n)/s.exec(text) ?? [];
			if (head === undefined) return;
			if (text.length < head.length + Number(length)) return;
			requests.push(text);
			text = "";
			const behaviour = behaviours[count++] ?? behaviours.at(-1);
			if (typeof behaviour === "string") socket.write(behaviour);
			else behaviour?.(socket);
		});
	};
	const server = secure
		? tls.createServer(secure, accept)
		: net.createServer(accept);
	server.listen(0, host);
	await once(server, "listening");
	onTestFinished(() => {
		server.close();
		for (const socket of sockets) socket.destroy();
	});
	return {
		port: (server.address() as AddressInfo).port,
		connections,
		sockets,
		resumed,
	};
}

function transportTo(url: string, settings: Partial<CollectorSettings> = {}) {
	return new OtlpTransport({ ...SETTINGS, url, ...settings }, FORMAT);
}

/** Sends to a server that behaves like this, a request after the other. */
async function sendTo(
	behaviours: readonly Behaviour[],
	{
		requests = 1,
		...settings
	}: Partial<CollectorSettings> & { requests?: number } = {},
) {
	const { port, connections } = await serve(behaviours);
	const transport = transportTo(`http://127.0.0.1:${port}/v1/traces`, settings);
	const outcomes: unknown[] = [];
	for (let index = 0; index < requests; index++) {
		outcomes.push(await transport.send(BODY));
	}
	return { outcomes, connections: connections.map(({ length }) => length) };
}

const DELIVERED = { kind: "delivered", rejected: 0, message: "" };

describe("the transport", () => {
	it("sends one request as HTTP has it, with the fields of the variables above its own", async () => {
		const { port, connections } = await serve([OK]);
		const transport = transportTo(
			`http://user:pass%20word@127.0.0.1:${port}/v1/tr%20aces?a=b#c`,
			{ headers: { "x-own": "one two", "user-agent": "me" } },
		);
		expect(await transport.send(BODY)).toEqual(DELIVERED);
		expect(connections).toEqual([
			[
				[
					"POST /v1/tr%20aces?a=b HTTP/1.1",
					`host: 127.0.0.1:${port}`,
					"connection: keep-alive",
					"user-agent: me",
					"authorization: Basic dXNlcjpwYXNzIHdvcmQ=",
					"x-own: one two",
					"content-type: application/json",
					"content-length: 2",
					"",
					"{}",
				].join("\r\n"),
			],
		]);
	});

	it("keeps its connection", async () => {
		expect(await sendTo([OK], { requests: 3 })).toEqual({
			outcomes: [DELIVERED, DELIVERED, DELIVERED],
			connections: [3],
		});
	});

	it("opens as many connections as requests are under way", async () => {
		const { port, connections } = await serve([
			(socket) => setTimeout(() => socket.write(OK), 50),
		]);
		const transport = transportTo(`http://127.0.0.1:${port}`);
		await Promise.all([transport.send(BODY), transport.send(BODY)]);
		await Promise.all([transport.send(BODY), transport.send(BODY)]);
		expect(connections.map(({ length }) => length)).toEqual([2, 2]);
	});

	it("leaves a connection that the server will not keep", async () => {
		const last =
			"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
		const { connections } = await sendTo([last, OK], { requests: 2 });
		expect(connections).toEqual([1, 1]);
	});

	it("leaves a connection before the server's idle limit, which would cross with a request", async () => {
		const short = `HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1, max=100\r\ncontent-length: 0\r\n\r\n`;
		const { connections } = await sendTo([short, OK], { requests: 2 });
		expect(connections).toEqual([1, 1]);
		const long = short.replace("timeout=1", "timeout=60");
		expect((await sendTo([long, OK], { requests: 2 })).connections).toEqual([
			2,
		]);
	});

	it("sends again at once what meets the end of an idle connection", async () => {
		for (const give of ["destroy", "resetAndDestroy"] as const) {
			expect(
				await sendTo([OK, (socket) => socket[give](), OK], { requests: 2 }),
			).toEqual({ outcomes: [DELIVERED, DELIVERED], connections: [2, 1] });
		}
	});

	it("does not send again what failed on a fresh connection, or after an answer began", async () => {
		const reset = { kind: "failed", why: "ECONNRESET" };
		expect(await sendTo([(socket) => socket.destroy()])).toEqual({
			outcomes: [reset],
			connections: [1],
		});
		const half = (socket: Socket) => socket.end("HTTP/1.1 200 OK\r\nconte");
		expect(await sendTo([OK, half, OK], { requests: 2 })).toEqual({
			outcomes: [DELIVERED, reset],
			connections: [2],
		});
	});

	it("closes an idle connection on which something comes that nobody asked for", async () => {
		const { port, connections, sockets } = await serve([OK]);
		const transport = transportTo(`http://127.0.0.1:${port}`);
		await transport.send(BODY);
		sockets[0]?.write("HTTP/1.1 408 Request Timeout\r\n\r\n");
		await once(sockets[0] as Socket, "close");
		expect(await transport.send(BODY)).toEqual(DELIVERED);
		expect(connections).toHaveLength(2);
	});

	it("waits for a bounded time", async () => {
		const { outcomes, connections } = await sendTo([OK, () => {}], {
			requests: 2,
			timeout: 300,
		});
		expect(outcomes[1]).toEqual({
			kind: "failed",
			why: "no answer within 300 ms",
		});
		expect(connections).toEqual([2]);
	});

	it("takes an answer that comes before all of the request is sent, and leaves the connection", async () => {
		const { port, connections } = await serve([OK]);
		const busy = net.createServer((socket) => {
			socket.on("error", () => {});
			socket
				.pause()
				.write("HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n");
			onTestFinished(() => void socket.destroy());
		});
		busy.listen(0, "127.0.0.1");
		await once(busy, "listening");
		onTestFinished(() => void busy.close());
		const transport = transportTo(
			`http://127.0.0.1:${(busy.address() as AddressInfo).port}`,
		);
		const large = Buffer.alloc(64 * 1024 * 1024);
		expect(await transport.send([large])).toMatchObject({ kind: "too large" });
		expect(await transportTo(`http://127.0.0.1:${port}`).send(BODY)).toEqual(
			DELIVERED,
		);
		expect(connections).toHaveLength(1);
	});

	it("follows no redirect", async () => {
		const moved =
			"HTTP/1.1 307 Temporary Redirect\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n";
		const { outcomes, connections } = await sendTo([moved]);
		expect(outcomes).toEqual([{ kind: "refused", why: "HTTP status 307" }]);
		expect(connections).toEqual([1]);
	});

	it("is told when to come back", async () => {
		const later =
			"HTTP/1.1 503 Unavailable\r\nRetry-After: 7\r\ncontent-length: 0\r\n\r\n";
		expect((await sendTo([later])).outcomes).toEqual([
			{ kind: "failed", why: "HTTP status 503", retryAfter: 7000 },
		]);
	});

	it("names why nothing was delivered", async () => {
		const why = async (url: string) => {
			const outcome = await transportTo(url).send(BODY);
			return "why" in outcome ? outcome.why : outcome.kind;
		};
		expect(await why(`http://127.0.0.1:${await refusingPort()}`)).toBe(
			"ECONNREFUSED",
		);
		expect(await why(`http://localhost:${await refusingPort()}`)).toBe(
			"ECONNREFUSED",
		);
		expect(await why("http://nowhere.invalid")).toMatch(
			/^(ENOTFOUND|EAI_AGAIN)$/,
		);
		const { port } = await serve(["SSH-2.0-OpenSSH_9.9\r\n\r\n"]);
		expect(await why(`http://127.0.0.1:${port}`)).toBe("no HTTP/1.1 response");
	});

	it("reaches an IPv6 address", async () => {
		const { port } = await serve([OK], { host: "::1" });
		expect(await transportTo(`http://[::1]:${port}`).send(BODY)).toEqual(
			DELIVERED,
		);
	});

	it("goes on with a session of TLS where it needs another connection", async () => {
		const last =
			"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
		const { port, resumed } = await serve([last], {
			host: "localhost",
			secure: inject("certificate"),
		});
		const transport = transportTo(`https://localhost:${port}`, {
			ca: Buffer.from(inject("authority")),
		});
		for (let request = 1; request <= 2; request++) {
			expect(await transport.send(BODY)).toEqual(DELIVERED);
			await sleep(50);
		}
		expect(resumed).toEqual([false, true]);
	});
});
