import { connect } from "node:net";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { startReceiver } from "../../src/report/receiver.js";
import { RunAnalysis } from "../../src/report/run-analysis.js";
import { Corpus, fuzz } from "./fuzz.js";

/** An export that the receiver has to take at any time. */
const EXPORT = '{"resourceSpans":[]}';

async function withReceiver(
	action: (port: number, isWell: () => Promise<void>) => Promise<void>,
): Promise<void> {
	const analysis = new RunAnalysis();
	const receiver = await startReceiver((spans) => {
		for (const span of spans) analysis.add(span);
	});
	const isWell = async () => {
		const response = await fetch(receiver.tracesUrl, {
			method: "POST",
			headers: { "content-type": "application/json" },
			body: EXPORT,
		});
		expect([response.status, await response.json()]).toEqual([200, {}]);
	};
	try {
		await action(Number(new URL(receiver.tracesUrl).port), isWell);
		await isWell();
	} finally {
		await receiver.close();
	}
}

/** Sends bytes, and waits for the end of what comes back. @param end nothing follows, whatever was announced */
function talk(port: number, bytes: Buffer, end = false): Promise<string> {
	return new Promise((resolve) => {
		let answer = "";
		const socket = connect(port, "127.0.0.1");
		socket.on("data", (data) => {
			answer += data;
		});
		// It may end the connection before it has read everything.
		socket.on("error", () => {});
		socket.on("close", () => resolve(answer));
		if (end) socket.end(bytes);
		else socket.write(bytes);
	});
}

/** A fault of the receiver is answered by 500; what is wrong with a request has another status. */
function expectNoFault(answer: string): void {
	expect(answer).not.toMatch(/^HTTP\/1\.1 5/m);
}

test("the receiver survives whatever comes on a connection", async () => {
	const corpus = new Corpus("test/fuzz/corpus/receiver");
	await withReceiver(async (port, isWell) => {
		await fuzz(corpus, 1000, async (bytes) => {
			expectNoFault(await talk(port, bytes, true));
		});
		await isWell();
	});
}, 120_000);

test.for([true, false])(
	"the receiver survives whatever it is sent as an export, gzip: %s",
	{ timeout: 120_000 },
	async (gzip) => {
		const corpus = new Corpus("test/fuzz/corpus/spans");
		await withReceiver(async (port) => {
			await fuzz(corpus, 500, async (bytes) => {
				const body = gzip ? gzipSync(bytes, { level: 1 }) : bytes;
				const head = `POST /v1/traces HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-type: application/json\r\n${gzip ? "content-encoding: gzip\r\n" : ""}content-length: ${body.length}\r\n\r\n`;
				const answer = await talk(
					port,
					Buffer.concat([Buffer.from(head), body]),
				);
				expect(answer).toMatch(/^HTTP\/1\.1 (200|400) /);
			});
		});
	},
);

test("many bombs at once are refused", async () => {
	await withReceiver(async (port, isWell) => {
		const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024), { level: 1 });
		const head = `POST /v1/traces HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\ncontent-length: ${bomb.length}\r\n\r\n`;
		const request = Buffer.concat([Buffer.from(head), bomb]);
		const before = process.memoryUsage().rss;
		const answers = Array.from({ length: 8 }, () => talk(port, request));
		for (const answer of await Promise.all(answers))
			expect(answer).toMatch(/^HTTP\/1\.1 413 /);
		// Each may take its 16 MiB, and none its 200.
		expect(process.memoryUsage().rss - before).toBeLessThan(400 * 1024 * 1024);
		await isWell();
	});
}, 120_000);
