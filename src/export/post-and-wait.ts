import { Worker } from "node:worker_threads";
import type { CollectorSettings } from "./collector-settings";

/** Runs in a worker, whose event loop goes on while that of the process has stopped. */
const POST = `
const { workerData: { settings, bodies, status, error } } = require("node:worker_threads");
const { url, headers, gzip, ca, cert, key } = settings;
const http = require(url.startsWith("https:") ? "node:https" : "node:http");
const agent = new http.Agent({ keepAlive: true, ca, cert, key });
const end = (why = "") => {
	error.set(Buffer.from(why).subarray(0, error.length));
	Atomics.store(status, 0, 1);
	Atomics.notify(status, 0);
};
const post = (index) => {
	if (index === bodies.length) return end();
	const body = gzip ? require("node:zlib").gzipSync(bodies[index]) : bodies[index];
	const request = http.request(url, {
		method: "POST",
		agent,
		headers: {
			...headers,
			"content-type": "application/json",
			"content-length": body.length,
			...(gzip && { "content-encoding": "gzip" }),
		},
	});
	request.on("error", (cause) => end(cause.code || cause.message));
	request.on("response", (response) => {
		response.resume();
		response.on("end", () => {
			if (response.statusCode >= 300) return end("HTTP status " + response.statusCode);
			Atomics.add(status, 1, 1);
			post(index + 1);
		});
	});
	request.end(body);
};
post(0);
`;

const ERROR_BYTES = 200;

export interface Posted {
	/** How many of the bodies were taken, from the first on. */
	readonly taken: number;
	/** Why the next one was not. */
	readonly error: string | undefined;
}

/**
 * Posts without returning to the event loop: at `process.exit()` and after an uncaught error there is no later.
 * @param timeout for all of them together, in milliseconds
 */
export function postAndWait(
	settings: CollectorSettings,
	bodies: readonly Uint8Array[],
	timeout: number,
): Posted {
	/** Whether it is over, and how many were taken. */
	const status = new Int32Array(new SharedArrayBuffer(8));
	const error = new Uint8Array(new SharedArrayBuffer(ERROR_BYTES));
	try {
		const worker = new Worker(POST, {
			eval: true,
			execArgv: [],
			env: {},
			stdout: true,
			stderr: true,
			workerData: { settings, bodies, status, error },
		});
		worker.unref();
	} catch (cause) {
		return { taken: 0, error: (cause as Error).message };
	}
	const waited = Atomics.wait(status, 0, 0, timeout);
	const taken = Atomics.load(status, 1);
	const said = Buffer.from(error).toString("utf8").replace(/\0+$/, "");
	return {
		taken,
		error: waited === "timed-out" ? `no answer within ${timeout} ms` : said,
	};
}
