import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { OtlpError, parseTraces } from "./otlp.js";
import { Recent } from "./recent.js";
import type { Span } from "./span.js";

/** More than a batch of spans takes, little enough to hold in memory. Holds before and after decompression. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;

/**
 * How many exports are remembered. One whose answer does not come in time is sent again, word for word: at the end of a
 * process whatever is under way.
 */
const REMEMBERED_EXPORTS = 1000;

export interface Receiver {
	/** Where exporters send to, for `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`. */
	readonly tracesUrl: string;
	/**
	 * Stops to receive.
	 * @param grace how long exporters that are still connected may take to disconnect by themselves, in milliseconds
	 */
	close(grace?: number): Promise<void>;
}

/**
 * Receives traces by OTLP/HTTP JSON on a free port of the loopback interface.
 * @param onTraces gets each export's spans and its JSON text, once however often it is delivered; the exporter has its answer when this returns.
 * @throws the system's error when it cannot listen.
 */
export async function startReceiver(
	onTraces: (spans: Span[], json: string) => void,
): Promise<Receiver> {
	const delivered = new Recent<string, true>(REMEMBERED_EXPORTS);
	const onExport = (json: string) => {
		const digest = createHash("sha256").update(json).digest("base64");
		if (delivered.has(digest)) return;
		onTraces(parseTraces(json), json);
		delivered.set(digest, true);
	};
	const server = createServer(async (request, response) => {
		const { status, body } = await receive(request, onExport);
		response.writeHead(status, {
			"content-type": "application/json",
			// What is left of a refused body is not worth reading.
			...(!request.complete && { connection: "close" }),
		});
		response.end(JSON.stringify(body));
	});
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	const { port } = server.address() as AddressInfo;
	return {
		tracesUrl: `http://127.0.0.1:${port}/v1/traces`,
		async close(grace = 0) {
			const closed = once(server, "close");
			server.close();
			const timer = setTimeout(() => server.closeAllConnections(), grace);
			await closed;
			clearTimeout(timer);
		},
	};
}

async function receive(
	request: IncomingMessage,
	onExport: (json: string) => void,
): Promise<{ status: number; body: object }> {
	try {
		onExport(await readJson(request));
		return { status: 200, body: {} };
	} catch (error) {
		const message = (error as Error).message;
		if (error instanceof Refusal)
			return { status: error.status, body: { message } };
		if (error instanceof OtlpError) return { status: 400, body: { message } };
		return { status: 500, body: { message } };
	}
}

/** The request cannot be used; the exporter is told why. */
class Refusal extends Error {
	constructor(
		readonly status: number,
		message: string,
	) {
		super(message);
	}
}

async function readJson(request: IncomingMessage): Promise<string> {
	if (request.url !== "/v1/traces") {
		throw new Refusal(404, `traces go to /v1/traces, not to ${request.url}`);
	}
	if (request.method !== "POST") {
		throw new Refusal(405, `traces are sent by POST, not by ${request.method}`);
	}
	const type = request.headers["content-type"] ?? "";
	if (!/^application\/json\b/i.test(type)) {
		throw new Refusal(
			415,
			`the content-type must be application/json, got "${type}"`,
		);
	}
	const encoding = request.headers["content-encoding"] ?? "identity";
	if (encoding !== "identity" && encoding !== "gzip") {
		throw new Refusal(
			415,
			`the content-encoding must be gzip or identity, got "${encoding}"`,
		);
	}
	const body = await readBody(request);
	return (encoding === "gzip" ? await unzip(body) : body).toString("utf8");
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
	const chunks: Buffer[] = [];
	let size = 0;
	// The iterator must leave the request alone, or the refusal could not be sent.
	for await (const chunk of request.iterator({ destroyOnReturn: false })) {
		size += chunk.length;
		if (size > MAX_BODY_BYTES) throw tooLarge();
		chunks.push(chunk);
	}
	return Buffer.concat(chunks);
}

async function unzip(body: Buffer): Promise<Buffer> {
	try {
		return await promisify(gunzip)(body, { maxOutputLength: MAX_BODY_BYTES });
	} catch (error) {
		const { code, message } = error as NodeJS.ErrnoException;
		if (code === "ERR_BUFFER_TOO_LARGE") throw tooLarge();
		throw new Refusal(400, `the body is not gzip: ${message}`);
	}
}

function tooLarge(): Refusal {
	return new Refusal(413, `the body is larger than ${MAX_BODY_BYTES} bytes`);
}
