import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { describe, expect, inject } from "vitest";
import type { Report } from "../../src/report/model.js";
import { startReceiver } from "../../src/report/receiver.js";
import type { Span } from "../../src/report/span.js";
import { test } from "../support/scenario.js";
import { readSpans } from "../support/spans.js";
import { conntrace, endOf, NODE, rowsOf, startConntrace } from "./conntrace.js";

const TWO_AGENTS = resolve("test/programs/two-agents.cjs");
const onWindows = process.platform === "win32";

const SET_TITLE = "\u001b]2;";
const END_OF_TITLE = "\u0007";

let files = 0;
function temporaryFile(): string {
	files += 1;
	return join(inject("temporaryDirectory"), `run-${process.pid}-${files}`);
}

function inNode(program: string, ...args: string[]): string[] {
	return ["--", NODE, "-e", program, ...args];
}

describe.concurrent("conntrace run", () => {
	test("sums up the connections as the server counted them, and writes them as HTML, JSON and OTLP", async ({
		http,
	}) => {
		const [html, json, otlp] = [
			temporaryFile(),
			temporaryFile(),
			temporaryFile(),
		];
		const { status, stdout, stderr } = await conntrace([
			"run",
			"--html",
			html,
			"--json",
			json,
			"--otlp",
			otlp,
			"--",
			NODE,
			TWO_AGENTS,
			`http://localhost:${http.port}`,
		]);
		expect([status, stdout]).toEqual([0, ""]);
		expect(http.connections).toHaveLength(4);
		const rows = rowsOf(stderr);
		expect(rows[`localhost:${http.port}`]?.slice(0, 5)).toEqual([
			"4",
			"6",
			"4",
			"33.3 %",
			"4",
		]);
		expect(rows.keep_alive_disabled?.[0]).toBe("3");
		expect(stderr).toContain("- keep_alive_disabled: ");

		const report = JSON.parse(await readFile(json, "utf8")) as Report;
		expect(report).toMatchObject({
			format: 1,
			kind: "run",
			runs: [
				{
					overall: { requests: 6, fresh: 4, reused: 2, connections: 4 },
					hosts: [{ host: `localhost:${http.port}`, dnsLookups: 4 }],
				},
			],
		});
		const [run] = report.runs;
		expect(run?.requests.rows).toHaveLength(6);
		expect(run?.connections.rows.map(({ requests }) => requests)).toEqual([
			1, 1, 1, 3,
		]);
		const page = await readFile(html, "utf8");
		expect(page).toMatch(/^<!doctype html>/i);
		expect(page).toContain(`localhost:${http.port}`);
		const spans = readSpans(await readFile(otlp, "utf8"));
		expect(
			spans.filter((span) => span.attributes["http.request.method"]),
		).toHaveLength(6);
	});

	test("takes in all Node processes of a command and keeps the NODE_OPTIONS there are", async ({
		http,
	}) => {
		const url = `http://localhost:${http.port}`;
		const parent = `
			const { execFileSync } = require("node:child_process");
			if (process.title !== "kept") throw new Error(process.env.NODE_OPTIONS);
			for (let i = 0; i < 2; i++) execFileSync(process.execPath, [${JSON.stringify(TWO_AGENTS)}, ${JSON.stringify(url)}]);`;
		const { status, stderr } = await conntrace(["run", ...inNode(parent)], {
			environment: { NODE_OPTIONS: "--title=kept" },
		});
		expect(status).toBe(0);
		expect(rowsOf(stderr)[`localhost:${http.port}`]?.slice(0, 2)).toEqual([
			"8",
			"12",
		]);
	});

	test("leaves the command's input and output alone", async () => {
		const child = startConntrace([
			"run",
			...inNode(
				"process.stdin.pipe(process.stdout); console.error('to stderr')",
			),
		]);
		child.stdin?.end("through\u0000\u001b[1m\n");
		const { status, stdout, stderr } = await endOf(child);
		expect(status).toBe(0);
		expect(stdout).toBe("through\u0000\u001b[1m\n");
		expect(stderr).toBe("to stderr\nconntrace: no connection was traced\n");
	});

	test("keeps the command's exit status", async () => {
		const { status } = await conntrace(["run", ...inNode("process.exit(7)")]);
		expect(status).toBe(7);
	});

	test.skipIf(onWindows).for([
		["SIGTERM", 143],
		["SIGINT", 130],
		["SIGHUP", 129],
	] as const)(
		"passes %s on and answers with the status that shells give",
		async ([signal, expected]) => {
			const child = startConntrace([
				"run",
				...inNode(
					`process.on("${signal}", () => { console.log("got it"); process.removeAllListeners("${signal}"); process.kill(process.pid, "${signal}"); }); console.log("ready"); setInterval(() => {}, 1000)`,
				),
			]);
			child.stdout?.once("data", () => child.kill(signal));
			const end = await endOf(child);
			expect(end.stdout).toBe("ready\ngot it\n");
			expect(end.status).toBe(expected);
		},
	);

	test("fails for a reason it is told to fail for, and lists the requests", async ({
		http,
	}) => {
		const { status, stderr } = await conntrace([
			"run",
			"--fail-on",
			"different_agent, keep_alive_disabled",
			"--",
			NODE,
			TWO_AGENTS,
			`http://localhost:${http.port}`,
		]);
		expect(status).toBe(1);
		expect(stderr).toContain(
			"conntrace: failed: 3 requests had a fresh connection for the reason keep_alive_disabled\n",
		);
		expect(
			stderr.match(/│ GET +│ localhost:\d+ │ keep_alive_disabled/g),
		).toHaveLength(3);
		expect(stderr).not.toContain("reason different_agent");
	});

	test("fails below the share of reuse it is given, not at it", async ({
		http,
	}) => {
		const command = ["--", NODE, TWO_AGENTS, `http://localhost:${http.port}`];
		const low = await conntrace(["run", "--min-reuse", "0.33", ...command]);
		expect(low.status).toBe(0);
		const high = await conntrace(["run", "--min-reuse", "0.34", ...command]);
		expect(high.status).toBe(1);
		expect(high.stderr).toContain(
			"conntrace: failed: 33.3 % of the requests reused a connection, less than 34.0 %\n",
		);
	});

	test("cannot show reuse where nothing was traced", async () => {
		const { status, stderr } = await conntrace([
			"run",
			"--min-reuse",
			"0.1",
			...inNode(""),
		]);
		expect(status).toBe(1);
		expect(stderr).toContain("no request got a connection");
	});

	test("sends the spans on to the configured endpoint, and not the program to another", async ({
		http,
	}) => {
		const passedOn: Span[] = [];
		const collector = await startReceiver((spans) => {
			passedOn.push(...spans);
		});
		const { status, stdout } = await conntrace(
			[
				"run",
				...inNode(
					`console.log(process.env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT); process.argv.splice(1, 0, ""); require(${JSON.stringify(TWO_AGENTS)})`,
					`http://localhost:${http.port}`,
				),
			],
			{
				environment: {
					OTEL_TRACES_EXPORTER: "otlp",
					OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: collector.tracesUrl,
					OTEL_SERVICE_NAME: "shop",
				},
			},
		);
		await collector.close();
		expect([status, stdout]).toEqual([0, `${collector.tracesUrl}\n`]);
		const requests = passedOn.filter(
			(span) => span.attributes["http.request.method"],
		);
		expect(requests.map(({ service }) => service)).toEqual(
			Array(6).fill("shop"),
		);
	});

	test("says how many spans it could not send on", async ({ http }) => {
		const { status, stderr } = await conntrace(
			["run", "--", NODE, TWO_AGENTS, `http://localhost:${http.port}`],
			{
				environment: {
					OTEL_TRACES_EXPORTER: "otlp",
					OTEL_EXPORTER_OTLP_ENDPOINT: "http://user:secret@127.0.0.1:1",
				},
			},
		);
		expect(status).toBe(0);
		expect(stderr).toMatch(
			/conntrace: \d+ spans could not be sent on to http:\/\/127\.0\.0\.1:1\/v1\/traces: ECONNREFUSED\n/,
		);
		expect(stderr).not.toContain("secret@");
	});

	test("says that a command is not there, before any file is written", async () => {
		const { status, stderr } = await conntrace([
			"run",
			"--",
			"no-such-command",
		]);
		expect(status).toBe(127);
		expect(stderr).toBe("conntrace: no-such-command: command not found\n");
	});

	test("says at once that a file cannot be written", async () => {
		for (const option of ["--html", "--json", "--otlp"]) {
			const { status, stdout, stderr } = await conntrace([
				"run",
				option,
				"/no/such/folder/file",
				...inNode("console.log('ran')"),
			]);
			expect([status, stdout]).toEqual([1, ""]);
			expect(stderr).toMatch(
				/^conntrace: Could not write \/no\/such\/folder\/file: ENOENT/,
			);
		}
	});

	test.for([
		["--fail-on", "nothing"],
		["--min-reuse", "90%"],
		["--min-reuse", "1.5"],
	] as const)(
		"says what it expected in place of %s %s",
		async ([option, value]) => {
			const { status, stderr } = await conntrace([
				"run",
				option,
				value,
				...inNode(""),
			]);
			expect(status).toBe(1);
			expect(stderr).toContain(`argument '${value}' is invalid`);
			expect(stderr).toMatch(/expected/i);
		},
	);

	test("leaves options of the command to it, with and without --", async () => {
		const program = "console.log(process.argv.slice(1).join())";
		for (const dashes of [["--"], []]) {
			const { stdout } = await conntrace([
				"run",
				...dashes,
				NODE,
				"-e",
				program,
				"--",
				"--json",
				"x",
			]);
			expect(stdout).toBe("--json,x\n");
		}
	});
});

/** A terminal, by util-linux's `script`: macOS and Windows have another one or none. */
test.skipIf(process.platform !== "linux")(
	"on a terminal it keeps to the title, and colours its summary unless NO_COLOR says not to",
	async ({ http }) => {
		for (const noColor of ["", "1"]) {
			const command = `${NODE} ${resolve("dist/cli.js")} run -- ${NODE} -e 'setTimeout(() => console.log([process.stdout.isTTY, process.stderr.isTTY].join()), 1500); http.get("http://localhost:${http.port}", (r) => r.resume())'`;
			const terminal = spawn("script", ["-qefc", command, "/dev/null"], {
				env: {
					PATH: process.env.PATH,
					TERM: "xterm",
					OTEL_TRACES_EXPORTER: "none",
					...(noColor && { NO_COLOR: noColor }),
				},
				stdio: ["ignore", "pipe", "inherit"],
			});
			const [output] = await Promise.all([
				text(terminal.stdout),
				once(terminal, "close"),
			]);
			expect(output).toContain("true,true\r\n");
			const [kept = "", ...titles] = output.split(SET_TITLE);
			expect(kept).toBe("\u001b[22;2t");
			expect(titles[0]).toMatch(/^conntrace: \d requests?, \d fresh, /);
			// What is seen of it: the program's line, then the summary.
			const seen = titles
				.map((text) => text.slice(text.indexOf(END_OF_TITLE) + 1))
				.join("")
				.replace("\u001b[23;2t", "");
			expect(seen).toMatch(/^true,true\r\n/);
			expect(seen).toContain("conntrace: ");
			expect(seen.includes("\u001b[")).toBe(noColor === "");
		}
	},
);
