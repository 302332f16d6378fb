import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, it } from "vitest";
import { runDemo } from "../../src/demo/demo.js";
import { startReceiver } from "../../src/report/receiver.js";
import type { Span } from "../../src/report/span.js";

const program = join(import.meta.dirname, "../../dist/demo.js");
const onWindows = process.platform === "win32";

/** Where the demo under test puts its temporary files. */
let folder: string;

beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), "conntrace-test-"));
});

afterEach(() => rm(folder, { recursive: true }));

/** Starts the demo in a process group of its own, so that every process it starts can be found. */
function startDemo(variables: NodeJS.ProcessEnv): ChildProcess {
	return spawn(process.execPath, [program], {
		env: { ...process.env, TMPDIR: folder, TEMP: folder, ...variables },
		stdio: ["ignore", "pipe", "pipe"],
		detached: true,
	});
}

async function endOf(demo: ChildProcess) {
	const [status, stdout, stderr] = await Promise.all([
		once(demo, "close").then(([code]) => code as number | null),
		text(demo.stdout as NodeJS.ReadableStream),
		text(demo.stderr as NodeJS.ReadableStream),
	]);
	return { status, stdout, stderr };
}

/** No temporary file and, where that can be asked, no process is left. */
async function expectNothingLeft(demo: ChildProcess): Promise<void> {
	expect(await readdir(folder)).toEqual([]);
	if (onWindows) return;
	expect(() => process.kill(-Number(demo.pid), 0)).toThrow("ESRCH");
}

/** The cells of the table's rows by their title. */
function rowsOf(stdout: string): Record<string, string[]> {
	const rows = stdout
		.split("\n")
		.filter((line) => line.startsWith("│"))
		.map((line) =>
			line
				.split("│")
				.slice(1, -1)
				.map((cell) => cell.trim()),
		);
	return Object.fromEntries(rows.map(([title, ...cells]) => [title, cells]));
}

it("shows what each way to use the client does to the connections, and sends the spans on", async () => {
	const passedOn: Span[] = [];
	const collector = await startReceiver((spans) => passedOn.push(...spans));
	const demo = startDemo({
		OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: collector.tracesUrl,
	});
	const { status, stdout, stderr } = await endOf(demo);
	await collector.close();

	expect(stderr).toBe("");
	expect(status).toBe(0);
	const rows = rowsOf(stdout);
	const [puts, fresh, reused, lookups, p50, p95, setup, why] =
		rows["SDK v3 as it comes"] ?? [];
	expect([puts, fresh, reused, lookups]).toEqual(["25", "1", "24", "1"]);
	expect(why).toBe("1 × first_connection");
	expect(Number(p50)).toBeGreaterThan(0);
	expect(Number(p95)).toBeGreaterThanOrEqual(Number(p50));
	expect(Number(setup)).toBeGreaterThan(0);
	for (const title of ["keep-alive off", "a new client per call"]) {
		expect(rows[title]?.slice(0, 4), title).toEqual(["25", "25", "0", "25"]);
		expect(Number(rows[title]?.[6]), title).toBeGreaterThan(Number(setup));
	}
	expect(rows["keep-alive off"]?.[7]).toMatch(/\d+ × keep_alive_disabled/);
	expect(stdout).toContain(
		"The server itself counted the same connections: 1, 25, 25.",
	);
	expect(stdout).toContain(collector.tracesUrl);
	for (const service of [
		"demo-as-it-comes",
		"demo-keep-alive-off",
		"demo-client-per-call",
	]) {
		const requests = passedOn.filter(
			(span) =>
				span.service === service && span.attributes["http.request.method"],
		);
		expect(requests, service).toHaveLength(25);
	}
	await expectNothingLeft(demo);
}, 60_000);

it.skipIf(onWindows).each([
	["SIGINT", 130],
	["SIGTERM", 143],
] as const)(
	"leaves nothing behind on %s",
	async (signal, status) => {
		const demo = startDemo({});
		demo.stdout?.once("data", () => {
			setTimeout(() => {
				demo.kill(signal);
				// npm sends it again.
				demo.kill(signal);
			}, 500);
		});
		const end = await endOf(demo);
		expect(end.stderr).toBe("");
		expect(end.status).toBe(status);
		expect(end.stdout).not.toContain("│");
		await expectNothingLeft(demo);
	},
	30_000,
);

it("says that its temporary folder cannot be had", async () => {
	const nowhere = join(folder, "nowhere");
	const { status, stderr } = await endOf(
		startDemo({ TMPDIR: nowhere, TEMP: nowhere }),
	);
	expect(status).toBe(1);
	expect(stderr).toMatch(/^Could not make a temporary folder: ENOENT/);
	expect(stderr).not.toContain("    at ");
});

it("says that the preload has not been built", async () => {
	const never = new AbortController().signal;
	await expect(runDemo(folder, process.stdout, {}, never)).rejects.toThrow(
		/register\.js is missing; make it by "npm run build"/,
	);
});
