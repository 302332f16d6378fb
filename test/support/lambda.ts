import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { unzipSync } from "fflate";
import { test as base, expect, inject } from "vitest";
import { checkContract } from "./contract.js";
import { compareWithServer } from "./ground-truth.js";
import {
	type FunctionOptions,
	type LambdaFunction,
	startFunction,
} from "./lambda-function.js";
import { LambdaService, type ServiceOptions } from "./lambda-service.js";
import { startServer, type TestServer } from "./server.js";
import { type Span, SpanKind } from "./spans.js";

let unpacked: Promise<string> | undefined;

/** The layer as Lambda unpacks it to /opt. @returns the path of the wrapper */
export function layer(): Promise<string> {
	unpacked ??= unpackLayer();
	return unpacked;
}

async function unpackLayer(): Promise<string> {
	const opt = join(inject("temporaryDirectory"), `opt-${randomUUID()}`);
	const files = unzipSync(readFileSync("dist/conntrace-layer.zip"));
	for (const [name, bytes] of Object.entries(files)) {
		await mkdir(dirname(join(opt, name)), { recursive: true });
		await writeFile(join(opt, name), bytes);
	}
	await chmod(join(opt, "conntrace"), 0o755);
	return join(opt, "conntrace");
}

export interface Lambda {
	readonly service: LambdaService;
	readonly function: LambdaFunction;
}

interface Fixtures {
	/** What the function's handlers call; its address is in SERVER. */
	readonly server: TestServer;
	/** Starts a function with the layer attached. */
	readonly start: (
		options: FunctionOptions & ServiceOptions,
	) => Promise<Lambda>;
}

/** A test with functions that run in a Lambda of its own and end with it. */
export const test = base.extend<Fixtures>({
	// biome-ignore lint/correctness/noEmptyPattern: the form that vitest asks for
	server: async ({}, use) => {
		const server = await startServer();
		await use(server);
		await server.close();
	},
	start: async ({ server }, use) => {
		const wrapper = await layer();
		const started: Lambda[] = [];
		await use(async (options) => {
			const service = await new LambdaService(options).start();
			const { environment } = options;
			const run = await startFunction(service, {
				wrapper,
				...options,
				environment: { SERVER: server.origin, ...environment },
			});
			const lambda = { service, function: run };
			started.push(lambda);
			return lambda;
		});
		for (const { service, function: run } of started) {
			await run.stop();
			service.close();
		}
	},
});

/** The spans that arrived, once held against the contract and the server's own count. */
export function judged(service: LambdaService, server: TestServer): Span[] {
	expect(checkContract(service.spans)).toEqual([]);
	expect(compareWithServer(service.spans, server)).toEqual([]);
	return service.spans;
}

/** Waits until something holds; the test's own time limit ends a wait in vain. */
export async function until(holds: () => boolean): Promise<void> {
	while (!holds()) await sleep(20);
}

/** The spans of invocations, in the order in which they began. */
export function invocationsOf(spans: readonly Span[]): Span[] {
	return spans
		.filter(({ kind }) => kind === SpanKind.server)
		.sort((a, b) => Number(a.start - b.start));
}

/** The beginning of a handler's module: `get(path)` asks the server over kept connections. */
export const GET = `
const http = require("node:http");
const agent = new http.Agent({ keepAlive: true });
const get = (path) => new Promise((resolve, reject) => {
	http.get(process.env.SERVER + path, { agent }, (response) => {
		response.resume();
		response.on("end", () => setImmediate(resolve, response.statusCode));
	}).on("error", reject);
});
`;
