import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { searchLink } from "../../src/commands/experiment.js";
import { QUICK, variantsFor } from "../../src/experiment/variants.js";
import type { Report } from "../../src/report/model.js";
import { startReceiver } from "../../src/report/receiver.js";
import type { Span } from "../../src/report/span.js";
import { conntrace, endOf, rowsOf, startConntrace } from "./conntrace.js";

/** Where the experiment under test puts its temporary files. */
let folder: string;

beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), "conntrace-test-"));
});

afterEach(() => rm(folder, { recursive: true }));

function inFolder(): Record<string, string> {
	return { TMPDIR: folder, TEMP: folder };
}

it("shows what each way to use the client does to the connections", async () => {
	const passedOn: Span[] = [];
	const collector = await startReceiver((spans) => {
		passedOn.push(...spans);
	});
	const files = await mkdtemp(join(tmpdir(), "conntrace-files-"));
	const [html, json] = [join(files, "x.html"), join(files, "x.json")];
	const { status, stdout, stderr } = await conntrace(
		["experiment", "--quick", "--dns", "5", "--html", html, "--json", json],
		{
			environment: {
				...inFolder(),
				OTEL_TRACES_EXPORTER: "otlp",
				OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: collector.tracesUrl,
			},
		},
	);
	await collector.close();
	const report = JSON.parse(await readFile(json, "utf8")) as Report;
	const page = await readFile(html, "utf8");
	await rm(files, { recursive: true });

	expect(status).toBe(0);
	const variants = variantsFor(QUICK);
	expect(stderr).toBe(
		stderr
			.split("\n")
			.filter((line) =>
				variants.some(({ title }) => line === `conntrace: ${title} ...`),
			)
			.map((line) => `${line}\n`)
			.join(""),
	);
	for (const { claims } of report.story?.chapters ?? []) {
		for (const claim of claims) {
			expect(claim, claim.claim).toMatchObject({ holds: true });
		}
	}
	expect(report.story?.chapters).toHaveLength(10);
	expect(report.runs.map(({ name }) => name)).toEqual(
		variants.map(({ title }) => title),
	);
	const rows = rowsOf(stdout);
	expect(rows["SDK v3 as it comes"]?.slice(0, 4)).toEqual([
		"15",
		"1",
		"14",
		"1",
	]);
	expect(rows["SDK v2 as it comes"]?.slice(0, 4)).toEqual([
		"15",
		"15",
		"0",
		"15",
	]);
	// The delay of each name resolution is part of what was paid.
	expect(Number(rows["SDK v2 as it comes"]?.[6])).toBeGreaterThan(15 * 5);
	expect(stdout).toContain(`See it: ${html}`);
	expect(stdout).not.toContain("does not hold");
	expect(page).toContain("The rate decides");
	const requests = passedOn.filter(
		(span) =>
			span.service === "experiment-v3" &&
			span.attributes["http.request.method"],
	);
	expect(requests).toHaveLength(15);
	expect(await readdir(folder)).toEqual([]);
}, 120_000);

it.skipIf(process.platform === "win32").each([
	["SIGINT", 130],
	["SIGTERM", 143],
] as const)(
	"leaves nothing behind on %s",
	async (signal, status) => {
		const child = startConntrace(["experiment", "--quick"], {
			environment: inFolder(),
		});
		child.stderr?.once("data", () => {
			child.kill(signal);
			// npm sends it again.
			child.kill(signal);
		});
		const end = await endOf(child);
		expect(end.status).toBe(status);
		expect(end.stdout).toBe("");
		expect(end.stderr).toBe("conntrace: SDK v2 as it comes ...\n");
		expect(await readdir(folder)).toEqual([]);
	},
	30_000,
);

it("says that its temporary folder cannot be had", async () => {
	const nowhere = join(folder, "nowhere");
	const { status, stderr } = await conntrace(["experiment", "--quick"], {
		environment: { TMPDIR: nowhere, TEMP: nowhere },
	});
	expect(status).toBe(1);
	expect(stderr).toMatch(
		/^conntrace: Could not make a temporary folder: ENOENT/,
	);
	expect(stderr).not.toContain("    at ");
});

it("says what it expected of its options", async () => {
	for (const [option, value] of [
		["--rtt", "-1"],
		["--dns", "ten"],
		["--endpoint", "localhost:8000"],
	] as const) {
		const { status, stderr } = await conntrace(["experiment", option, value]);
		expect(status).toBe(1);
		expect(stderr).toMatch(/is invalid\. Expected /);
	}
});

it("links to the traces of a service", () => {
	expect(searchLink("http://localhost:16686", "a b")).toBe(
		"http://localhost:16686/search?service=a+b&lookback=1h&limit=100",
	);
});
