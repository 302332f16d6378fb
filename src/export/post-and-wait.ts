import { Worker } from "node:worker_threads";
import type { CollectorSettings } from "./collector-settings";
import type { Format } from "./encoding";

/** Runs in a worker, whose event loop goes on while that of the process has stopped. */
const POST = `
const { workerData } = require("node:worker_threads");
const { settings, contentType, bodies, counts, said, answers } = workerData;
const { url, headers, timeout, gzip, ca, cert, key } = settings;
const http = require(url.startsWith("https:") ? "node:https" : "node:http");
const agent = new http.Agent({ keepAlive: true, ca, cert, key });
const say = (why) => said.set(Buffer.from(why).subarray(0, said.length));
const end = (why) => {
	if (why) say(why);
	Atomics.store(counts, 0, 1);
	Atomics.notify(counts, 0);
};
const post = (index) => {
	if (index === bodies.length) return end();
	const body = gzip ? require("node:zlib").gzipSync(bodies[index]) : bodies[index];
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
	const timer = setTimeout(() => end("no answer within " + timeout + " ms"), timeout);
	request.on("error", (cause) => end(cause.code || cause.message));
	request.on("response", async (response) => {
		let length = 0;
		for await (const chunk of response) {
			const part = chunk.subarray(0, answers[index].length - length);
			answers[index].set(part, length);
			length += part.length;
		}
		clearTimeout(timer);
		if (response.statusCode >= 300) return end("HTTP status " + response.statusCode);
		Atomics.store(counts, index + 2, length);
		Atomics.add(counts, 1, 1);
		post(index + 1);
	});
	request.end(body);
};
post(0);
`;

/** Room for what the system said, and for each answer of the collector, in bytes. */
const SAID_BYTES = 200;
const ANSWER_BYTES = 1000;

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
	{ contentType, rejection }: Format,
	bodies: readonly Uint8Array[],
	timeout: number,
): Posted {
	/** Whether it is over, how many bodies were taken, and the bytes of each answer. */
	const counts = new Int32Array(new SharedArrayBuffer(4 * (2 + bodies.length)));
	const said = new Uint8Array(new SharedArrayBuffer(SAID_BYTES));
	const answers = bodies.map(
		() => new Uint8Array(new SharedArrayBuffer(ANSWER_BYTES)),
	);
	try {
		const worker = new Worker(POST, {
			eval: true,
			execArgv: [],
			env: {},
			stdout: true,
			stderr: true,
			workerData: { settings, contentType, bodies, counts, said, answers },
		});
		worker.unref();
	} catch (cause) {
		return { taken: 0, rejected: 0, why: (cause as Error).message };
	}
	const waited = Atomics.wait(counts, 0, 0, timeout);
	const taken = Atomics.load(counts, 1);
	const rejections = answers
		.slice(0, taken)
		.map((answer, index) =>
			rejection(Buffer.from(answer.subarray(0, counts[index + 2]))),
		)
		.filter((said) => said !== undefined);
	const failure =
		waited === "timed-out"
			? `no answer within ${timeout} ms`
			: Buffer.from(said).toString("utf8").replace(/\0+$/, "");
	const last = rejections.at(-1);
	return {
		taken,
		rejected: rejections.reduce((sum, { rejected }) => sum + rejected, 0),
		why: failure || (last ? `rejected: ${last.message}` : ""),
	};
}
