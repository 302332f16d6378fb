import { Worker } from "node:worker_threads";
import { now } from "../clocks";
import type { CollectorSettings } from "./collector-settings";
import type { Format } from "./encoding";
import { type Outcome, outcomeOf } from "./outcome";

/** Runs in a worker, whose event loop goes on while that of the process has stopped. */
const POST = `
const { parentPort, workerData } = require("node:worker_threads");
const { settings, contentType, answered, answer } = workerData;
const { url, headers, timeout, gzip, ca, cert, key } = settings;
const http = require(url.startsWith("https:") ? "node:https" : "node:http");
const agent = new http.Agent({ keepAlive: true, ca, cert, key });
const end = (status, length) => {
	answered[1] = status;
	answered[2] = length;
	Atomics.store(answered, 0, 1);
	Atomics.notify(answered, 0);
};
const fail = (cause) => {
	const text = Buffer.from(cause.code || cause.message).subarray(0, answer.length);
	answer.set(text);
	end(0, text.length);
};
process.on("uncaughtException", fail);
parentPort.on("message", (spans) => {
	const body = gzip ? require("node:zlib").gzipSync(spans) : spans;
	const request = http.request(url, {
		method: "POST",
		agent,
		headers: {
			...headers,
			"content-type": contentType,
			"content-length": body.length,
			...(gzip && { "content-encoding": "gzip" }),
		},
	});
	const timer = setTimeout(() => fail(new Error("no answer within " + timeout + " ms")), timeout);
	request.on("error", fail);
	request.on("response", (response) => {
		let length = 0;
		response.on("error", fail);
		response.on("data", (chunk) => {
			const part = chunk.subarray(0, answer.length - length);
			answer.set(part, length);
			length += part.length;
		});
		response.on("end", () => {
			clearTimeout(timer);
			end(response.statusCode, length);
		});
	});
	request.end(body);
});
`;

/** Room for what is read of an answer, in bytes. */
const ANSWER_BYTES = 1000;

/** Whether it can be done: the permission model may allow no worker thread. */
export function canPostAndWait(): boolean {
	return process.permission?.has("worker") ?? true;
}

/**
 * A way to post without returning to the event loop: at the end of the process there is no later. Nothing can be posted
 * after a failure.
 * @param timeout for all requests together, in milliseconds
 * @throws where there can be no worker thread
 */
export function postAndWait(
	settings: CollectorSettings,
	format: Format,
	timeout: number,
): (body: Uint8Array) => Outcome {
	const deadline = now() + timeout;
	/** Whether there is an answer, its status (0 for a failure), and how many bytes of it were read. */
	const answered = new Int32Array(new SharedArrayBuffer(12));
	const answer = new Uint8Array(new SharedArrayBuffer(ANSWER_BYTES));
	const { contentType } = format;
	const worker = new Worker(POST, {
		eval: true,
		execArgv: [],
		env: {},
		stdout: true,
		stderr: true,
		workerData: { settings, contentType, answered, answer },
	});
	worker.unref();
	return (body) => {
		answered[0] = 0;
		worker.postMessage(body);
		const left = Math.max(0, deadline - now());
		if (Atomics.wait(answered, 0, 0, left) === "timed-out") {
			return { kind: "failed", why: `no answer within ${timeout} ms` };
		}
		const [, status = 0, length] = answered;
		const bytes = Buffer.from(answer.subarray(0, length));
		return status === 0
			? { kind: "failed", why: bytes.toString() }
			: outcomeOf(format, status, bytes);
	};
}
