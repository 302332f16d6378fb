import { randomUUID } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { describe, expect, inject } from "vitest";
import { conntrace, NODE } from "../commands/conntrace.js";
import { runScenario } from "../support/scenario.js";
import { readSpans, requestsOf } from "../support/spans.js";
import { COPIES } from "../undici/clients.js";
import { Markers } from "./markers.js";
import * as programs from "./programs.js";
import { expectClean, test } from "./world.js";

/** What a client sends of the secrets, so that a test which looks for them has something to find. */
interface Client {
	readonly name: string;
	readonly program: programs.Program;
	readonly undici?: string;
	readonly sends: readonly programs.Kind[];
	/** How many requests it makes at least. */
	readonly requests: number;
}

const OF_REQUESTS: readonly programs.Kind[] = [
	"authorization",
	"cookie",
	"apiKey",
	"header",
	"query",
];

const CLIENTS: readonly Client[] = [
	{
		name: "http and https",
		program: programs.byHttp,
		sends: [
			...OF_REQUESTS,
			"presigned",
			"pathParameter",
			"sessionToken",
			"proxyPassword",
		],
		requests: 30,
	},
	...["fetch", ...COPIES].map(
		(name): Client => ({
			name,
			program: programs.byFetch,
			...(name !== "fetch" && { undici: name }),
			sends: [...OF_REQUESTS, "presigned", "sessionToken"],
			requests: 14,
		}),
	),
	{
		name: "http2",
		program: programs.byHttp2,
		sends: OF_REQUESTS,
		requests: 7,
	},
	{
		name: "AWS SDK v3 and v2",
		program: programs.byAws,
		sends: ["sessionToken"],
		requests: 20,
	},
	{
		name: "proxies",
		program: programs.byProxy,
		sends: ["authorization", "proxyPassword", "query"],
		requests: 10,
	},
	{ name: "sockets", program: programs.bySocket, sends: [], requests: 0 },
	{
		name: "drivers of databases",
		program: programs.byDriver,
		sends: [],
		requests: 0,
	},
];

describe.concurrent("no secret leaves the process", () => {
	test.for(CLIENTS)("of $name", async (client, { world }) => {
		const { program, undici, sends, requests } = client;
		const { markers, environment } = world;
		const run = await runScenario({ port: 0 }, program, {
			values: { ...world.values, ...(undici && { undici }) },
			environment,
			nodeOptions: ["--no-warnings"],
		});
		expect([run.exitCode, run.stdout]).toEqual([0, ""]);
		expect(requestsOf(run.spans).length).toBeGreaterThanOrEqual(requests);
		expect(run.spans.length).toBeGreaterThan(5);
		expect(markers.foundIn(world.seen())).toEqual(
			expect.arrayContaining([...sends]),
		);
		expect(markers.foundIn(run.exported)).toEqual([]);
		expect(markers.foundIn(run.stderr)).toEqual([]);
		expect(run.stderr).toMatch(/conntrace: \d+ spans: \d+ delivered to /);
		expectClean(world);
		const file = join(inject("temporaryDirectory"), `${randomUUID()}.jsonl`);
		await writeFile(file, run.exported);
		const html = `${file}.html`;
		const texts = await Promise.all([
			conntrace(["report", file]),
			conntrace(["report", file, "--json", "-", "--html", html]),
		]);
		for (const { status, stdout, stderr } of texts) {
			expect(status).toBe(0);
			expect(markers.foundIn(stdout + stderr)).toEqual([]);
		}
		expect(markers.foundIn(await readFile(html, "utf8"))).toEqual([]);
	});

	test("into what conntrace run says, writes and sends on", async ({
		world,
	}) => {
		const { markers, values, environment } = world;
		const file = join(inject("temporaryDirectory"), randomUUID());
		const [html, json, otlp] = ["html", "json", "jsonl"].map(
			(ending) => `${file}.${ending}`,
		) as [string, string, string];
		const { status, stdout, stderr } = await conntrace(
			[
				...["run", "--html", html, "--json", json, "--otlp", otlp],
				...["--fail-on", "first_connection", "--", NODE],
				...["--no-warnings", resolve("test/programs/scenario.cjs")],
				programs.byHttp.toString(),
				JSON.stringify({ origin: "", port: 0, values }),
				markers.secrets.argument,
			],
			{ environment },
		);
		expect([status, stdout]).toEqual([1, ""]);
		expect(stderr).toContain("first_connection");
		expect(markers.foundIn(stderr)).toEqual([]);
		for (const written of [html, json, otlp])
			expect(markers.foundIn(await readFile(written, "utf8"))).toEqual([]);
		expect(
			requestsOf(readSpans(await readFile(otlp, "utf8"))).length,
		).toBeGreaterThan(30);
		expectClean(world);
	});
});

describe("what looks for secrets", () => {
	const markers = new Markers(["one", "other"]);
	const { one } = markers.secrets;

	test.for<[string, string]>([
		["as it is", one],
		["in JSON", JSON.stringify({ a: [`a ${one}`] })],
		["in JSON in JSON", JSON.stringify(JSON.stringify({ a: one }))],
		["percent-encoded", encodeURIComponent(one)],
		["in hexadecimal", Buffer.from(one).toString("hex")],
		...[0, 1, 2, 3].flatMap((length): [string, string][] => {
			const bytes = Buffer.from(`${":".repeat(length)}${one}?`);
			return [
				[`in base64 after ${length}`, bytes.toString("base64")],
				[`in base64url after ${length}`, bytes.toString("base64url")],
			];
		}),
	])("finds one %s", ([, text]) => {
		expect(markers.foundIn(`x${text}y`)).toEqual(["one"]);
	});

	test("finds none where there is none", () => {
		expect(markers.foundIn(new Markers(["one"]).secrets.one)).toEqual([]);
	});
});
