import type diagnostics from "node:diagnostics_channel";
import type dns from "node:dns";
import type { EventEmitter } from "node:events";
import type http from "node:http";
import type http2 from "node:http2";
import type https from "node:https";
import type net from "node:net";
import { resolve } from "node:path";
import type tls from "node:tls";
import type * as undici from "undici-7";
import { test as base, describe, expect, inject } from "vitest";
import { type ContractOptions, checkContract } from "./contract.js";
import { compareWithServer } from "./ground-truth.js";
import { type Run, type RunOptions, runProgram } from "./run-program.js";
import { startServer, type TestServer } from "./server.js";
import { requestsOf, type Span } from "./spans.js";

/** What the server said about a request: its own numbers of the connection and of the request on it. */
export interface Answer {
	readonly connection: number;
	readonly number: number;
	readonly status: number;
	/** Of the body, in bytes. */
	readonly length: number;
}

/** What a scenario can use. It runs in a process of its own and sees nothing of the test around it but this. */
export interface Program<Values = undefined> {
	readonly diagnostics: typeof diagnostics;
	readonly dns: typeof dns;
	readonly http: typeof http;
	readonly https: typeof https;
	readonly http2: typeof http2;
	readonly net: typeof net;
	readonly tls: typeof tls;
	/** `http` or `https`, as the server speaks it. */
	readonly client: typeof http | typeof https;
	readonly origin: string;
	readonly port: number;
	readonly values: Values;
	/** Imports a package. */
	load<Module>(specifier: string): Promise<Module>;
	sleep(milliseconds: number): Promise<void>;
	/** Waits for an event, whatever errors there are before it. */
	once(emitter: EventEmitter, event: string): Promise<unknown[]>;
	/** Tells the test; anything that JSON can say. */
	report(value: unknown): void;
	/** A request to a path of the server, not yet sent. */
	request(path: string, options?: https.RequestOptions): http.ClientRequest;
	/** Reads the answer to its end. */
	read(request: http.ClientRequest): Promise<Answer>;
	/** Sends a request and reads the answer to its end. */
	get(path: string, options?: https.RequestOptions): Promise<Answer>;
	/** Reads what comes on an HTTP/2 stream until it is closed; its status is 0 if no response came. */
	answered(stream: http2.ClientHttp2Stream): Promise<Answer>;
	/** A copy of undici from npm, as `values.undici` names it. */
	readonly undici: typeof undici;
	/** Fetches by that copy, or by the built-in fetch without one, and reads the answer to its end. */
	fetchAnswer(path: string, options?: FetchOptions): Promise<Answer>;
	/** Waits until undici has taken back the connections whose responses are over. */
	settle(): Promise<void>;
	/** Keeps one of libuv's threads busy for a while. */
	occupyThread(): void;
	/** Runs what makes undici give up a request, until it has done what it does then. */
	givingUp(action: () => unknown): Promise<void>;
	/** Counts by kind how many of the objects that are registered get collected; needs `--expose-gc`. */
	watchCollection(): {
		register(kind: string, made: object): void;
		/** Collects garbage. */
		collected(): Promise<Readonly<Record<string, number>>>;
	};
}

export type FetchOptions = Parameters<typeof undici.fetch>[1];

export type Scenario<Values = undefined> = (
	program: Program<Values>,
) => unknown;

export interface ScenarioOptions<Values> extends RunOptions {
	/** Handed to the scenario as it is. */
	readonly values?: Values;
}

/** Runs a scenario against a server, without judging anything. */
export function runScenario<Values = undefined>(
	server: Pick<TestServer, "port"> & { readonly origin?: string },
	scenario: Scenario<Values>,
	options: ScenarioOptions<Values> = {},
): Promise<Run> {
	const { origin = "", port } = server;
	const target = JSON.stringify({ origin, port, values: options.values });
	return runProgram(resolve("test/programs/scenario.cjs"), {
		...options,
		arguments: [scenario.toString(), target],
	});
}

/** Runs the scenario without the agent and with it; what the program saw must be the same. */
export async function compare<Values = undefined>(
	server: Parameters<typeof runScenario>[0],
	scenario: Scenario<Values>,
	options: ScenarioOptions<Values> = {},
): Promise<Run> {
	const alone = await runScenario(server, scenario, {
		...options,
		preload: "none",
	});
	const traced = await runScenario(server, scenario, options);
	expect(alone.stderr).toBe("");
	expect(alone.exitCode).toBe(0);
	expect(alone.reports).not.toEqual([]);
	expect(traced.reports).toEqual(alone.reports);
	expect(traced.stderr).toBe("");
	expect(traced.exitCode).toBe(0);
	return traced;
}

export interface Trace extends Run {
	/** The request spans, in the order in which the requests were made. */
	readonly requests: readonly Span[];
}

/** Runs a scenario with the agent and holds its spans against the contract and the server's own count. */
export async function trace<Values = undefined>(
	server: Parameters<typeof runScenario>[0] &
		Parameters<typeof compareWithServer>[1],
	scenario: Scenario<Values>,
	options: ScenarioOptions<Values> & ContractOptions = {},
): Promise<Trace> {
	return judge(await runScenario(server, scenario, options), [server], options);
}

/** Holds the spans of a run against the contract and against the counts of the servers it went to. */
export function judge(
	run: Run,
	servers: readonly Parameters<typeof compareWithServer>[1][],
	options: ContractOptions = {},
): Trace {
	expect(run.stderr).toBe("");
	expect(run.exitCode).toBe(0);
	expect(checkContract(run.spans, options)).toEqual([]);
	for (const server of servers)
		expect(compareWithServer(run.spans, server)).toEqual([]);
	return { ...run, requests: requestsOf(run.spans) };
}

/** What the requests of a trace say about their connections, as one readable list. */
export function story({ requests }: Pick<Trace, "requests">): unknown[] {
	return requests.map(({ attributes }) =>
		attributes["conntrace.connection.reused"]
			? `request ${attributes["conntrace.connection.request_number"]}`
			: (attributes["conntrace.connection.reason"] ?? "no connection"),
	);
}

interface Fixtures {
	readonly http: TestServer;
	readonly https: TestServer;
}

/** A test with a plain server and one that speaks TLS, each started only for tests that name it. */
export const test = base.extend<Fixtures>({
	// biome-ignore lint/correctness/noEmptyPattern: the form that vitest asks for
	http: async ({}, use) => {
		const server = await startServer();
		await use(server);
		await server.close();
	},
	// biome-ignore lint/correctness/noEmptyPattern: the form that vitest asks for
	https: async ({}, use) => {
		const server = await startServer({ certificate: inject("certificate") });
		await use(server);
		await server.close();
	},
});

interface ServerFixture {
	readonly server: TestServer;
}

/** Runs the same tests twice, plain and over TLS, under the names of these protocols. */
export function describePlainAndSecure(
	name: string,
	[plain, overTls]: readonly [string, string],
	define: (secure: boolean) => void,
): void {
	for (const secure of [false, true]) {
		describe.concurrent(`${name}, ${secure ? overTls : plain}`, () =>
			define(secure));
	}
}

/** Runs the same tests against a plain server and against one that speaks TLS. */
export function describeBoth(
	name: string,
	define: (context: {
		readonly test: ReturnType<typeof testWith>;
		readonly secure: boolean;
	}) => void,
): void {
	describePlainAndSecure(name, ["http", "https"], (secure) =>
		define({ test: testWith(secure), secure }),
	);
}

/** A test with a server that is plain or speaks TLS. */
export function testWith(secure: boolean) {
	return base.extend<ServerFixture>({
		// biome-ignore lint/correctness/noEmptyPattern: the form that vitest asks for
		server: async ({}, use) => {
			const server = await startServer(
				secure ? { certificate: inject("certificate") } : {},
			);
			await use(server);
			await server.close();
		},
	});
}
