import { expect } from "vitest";
import { type Program, runScenario, test } from "../support/scenario.js";

const SUMMARY = { CONNTRACE_SUMMARY: "1" };

async function twoAgents({ client, get }: Program): Promise<void> {
	const off = new client.Agent({ keepAlive: false });
	const on = new client.Agent({ keepAlive: true });
	for (let call = 1; call <= 3; call++) await get("/", { agent: off });
	for (let call = 1; call <= 3; call++) await get("/", { agent: on });
	on.destroy();
}

/** The cells of the table rows that begin with a text. */
function rowOf(stderr: string, begin: string): string[] {
	const line = stderr.split("\n").find((row) => row.startsWith(`│ ${begin}`));
	if (line === undefined) throw new Error(`no row ${begin} in\n${stderr}`);
	return line
		.split("│")
		.slice(1, -1)
		.map((cell) => cell.trim());
}

test("at its end the program says what its connections did", async ({
	https,
}) => {
	const run = await runScenario(https, twoAgents, { environment: SUMMARY });
	const [host, ...counts] = rowOf(run.stderr, "localhost");
	expect(host).toBe(`localhost:${https.port}`);
	expect(https.connections).toHaveLength(4);
	expect(counts.slice(0, 5)).toEqual(["4", "6", "4", "33.3 %", "4"]);
	expect(
		counts
			.slice(5)
			.map(Number)
			.every((time) => time > 0),
	).toBe(true);
	expect(rowOf(run.stderr, "first_connection")[1]).toBe("1");
	expect(rowOf(run.stderr, "keep_alive_disabled")[1]).toBe("3");
	expect(run.stderr.match(/^- no_client_idle_limit/gm)).toHaveLength(1);
	expect(run.stderr.match(/^- keep_alive_disabled: /gm)).toHaveLength(1);
	expect(run.stdout).toBe("");
	expect(run.exitCode).toBe(0);
});

test("without the variable nothing is said", async ({ http }) => {
	for (const options of [{}, { environment: { CONNTRACE_SUMMARY: "0" } }]) {
		const run = await runScenario(http, twoAgents, options);
		expect(run.stderr).toBe("");
		expect(run.spans).not.toHaveLength(0);
	}
});

test("a value that cannot be read is named", async ({ http }) => {
	const run = await runScenario(http, twoAgents, {
		environment: { CONNTRACE_SUMMARY: "yes" },
	});
	expect(run.stderr).toBe(
		"conntrace: CONNTRACE_SUMMARY=yes: expected 0 or 1; using 0\n",
	);
});

test("process.exit() with a request under way", async ({ http }) => {
	const run = await runScenario(
		http,
		async ({ get, request, once }) => {
			await get("/");
			const open = request("/never");
			open.on("error", () => {});
			open.end();
			await once(open, "finish");
			process.exit(3);
		},
		{ environment: SUMMARY },
	);
	expect(run.exitCode).toBe(3);
	expect(rowOf(run.stderr, "localhost")[2]).toBe("2");
});

test("an uncaught error is told first, as ever", async ({ http }) => {
	const run = await runScenario(
		http,
		async ({ get }) => {
			await get("/");
			setTimeout(() => {
				throw new Error("of the program");
			});
		},
		{ environment: SUMMARY },
	);
	expect(run.exitCode).toBe(1);
	expect(run.stderr).toContain("Error: of the program");
	expect(rowOf(run.stderr, "localhost")[2]).toBe("1");
});

test("SIGTERM", async ({ http }) => {
	const run = await runScenario(
		http,
		async ({ get, report }) => {
			await get("/");
			report("ready");
			setInterval(() => {}, 1000);
		},
		{ environment: SUMMARY, signalAfterFirstLine: "SIGTERM" },
	);
	expect(run.signal).toBe("SIGTERM");
	expect(rowOf(run.stderr, "localhost")[2]).toBe("1");
});

test("a program without connections", async ({ http }) => {
	const run = await runScenario(http, () => {}, { environment: SUMMARY });
	expect(run.stderr).toBe("conntrace: no connection was traced\n");
});
