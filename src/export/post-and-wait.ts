import { Worker } from "node:worker_threads";

/** Runs in a worker, whose event loop goes on while that of the process has stopped. */
const POST = `
const { workerData: { url, headers, body, state } } = require("node:worker_threads");
const { request } = require(url.startsWith("https:") ? "node:https" : "node:http");
const end = (status, error) => {
	if (error) state.error.set(Buffer.from(error).subarray(0, state.error.length));
	Atomics.store(state.status, 0, status);
	Atomics.notify(state.status, 0);
};
const req = request(url, { method: "POST", headers: { ...headers, "content-type": "application/json" } }, (res) => {
	res.resume();
	res.on("end", () => res.statusCode < 300 ? end(1) : end(2, "HTTP status " + res.statusCode));
});
req.on("error", (error) => end(2, error.code || error.message));
req.end(body);
`;

const ERROR_BYTES = 200;
const DELIVERED = 1;

/**
 * Posts without returning to the event loop: at `process.exit()` and after an uncaught error there is no later.
 * @returns what went wrong, or nothing if the collector took it
 */
export function postAndWait(
	url: string,
	headers: Record<string, string>,
	body: Uint8Array,
	timeout: number,
): string | undefined {
	const status = new Int32Array(new SharedArrayBuffer(4));
	const error = new Uint8Array(new SharedArrayBuffer(ERROR_BYTES));
	try {
		const worker = new Worker(POST, {
			eval: true,
			execArgv: [],
			env: {},
			stdout: true,
			stderr: true,
			workerData: { url, headers, body, state: { status, error } },
		});
		worker.unref();
	} catch (cause) {
		return (cause as Error).message;
	}
	if (Atomics.wait(status, 0, 0, timeout) === "timed-out") {
		return `no answer within ${timeout} ms`;
	}
	if (Atomics.load(status, 0) === DELIVERED) return undefined;
	return Buffer.from(error).toString("utf8").replace(/\0+$/, "");
}
