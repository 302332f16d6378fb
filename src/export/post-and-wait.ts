import { Worker } from "node:worker_threads";
import type { CollectorSettings } from "./collector-settings";

/** Runs in a worker, whose event loop goes on while that of the process has stopped. */
const POST = `
const { workerData: { settings, bodies, counts, said } } = require("node:worker_threads");
const { url, headers, timeout, gzip, ca, cert, key } = settings;
const http = require(url.startsWith("https:") ? "node:https" : "node:http");
const agent = new http.Agent({ keepAlive: true, ca, cert, key });
const say = (why) => said.set(Buffer.from(why).subarray(0, said.length));
const end = (why) => {
	if (why) say(why);
	Atomics.store(counts, 0, 1);
	Atomics.notify(counts, 0);
};
const count = (answer) => {
	Atomics.add(counts, 1, 1);
	try {
		const { rejectedSpans, errorMessage } = JSON.parse(answer).partialSuccess;
		if (!(rejectedSpans > 0)) return;
		Atomics.add(counts, 2, Number(rejectedSpans));
		say("rejected: " + errorMessage);
	} catch {
		// All of them were taken.
	}
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
	const timer = setTimeout(() => end("no answer within " + timeout + " ms"), timeout);
	request.on("error", (cause) => end(cause.code || cause.message));
	request.on("response", async (response) => {
		let answer = "";
		for await (const chunk of response.setEncoding("utf8")) answer += chunk;
		clearTimeout(timer);
		if (response.statusCode >= 300) return end("HTTP status " + response.statusCode);
		count(answer);
		post(index + 1);
	});
	request.end(body);
};
post(0);
`;

/** Room for what the collector or the system said, in bytes. */
const SAID_BYTES = 200;

export interface Posted {
	/** How many of the bodies were taken, from the first on. */
	readonly taken: number;
	/** Spans in them that the collector did not want. */
	readonly rejected: number;
	/** Why the next body was not taken, or spans were rejected; empty if all went well. */
	readonly why: string;
}

/**
 * Posts without returning to the event loop: at the end of the process there is no later.
 * @param timeout for all of them together, in milliseconds
 */
export function postAndWait(
	settings: CollectorSettings,
	bodies: readonly Uint8Array[],
	timeout: number,
): Posted {
	/** Whether it is over, how many bodies were taken, and how many spans in them were not. */
	const counts = new Int32Array(new SharedArrayBuffer(12));
	const said = new Uint8Array(new SharedArrayBuffer(SAID_BYTES));
	try {
		const worker = new Worker(POST, {
			eval: true,
			execArgv: [],
			env: {},
			stdout: true,
			stderr: true,
			workerData: { settings, bodies, counts, said },
		});
		worker.unref();
	} catch (cause) {
		return { taken: 0, rejected: 0, why: (cause as Error).message };
	}
	const waited = Atomics.wait(counts, 0, 0, timeout);
	return {
		taken: Atomics.load(counts, 1),
		rejected: Atomics.load(counts, 2),
		why:
			waited === "timed-out"
				? `no answer within ${timeout} ms`
				: Buffer.from(said).toString("utf8").replace(/\0+$/, ""),
	};
}
