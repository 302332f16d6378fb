import { describe, expect } from "vitest";
import { testedNode } from "../reasons/stages.js";
import type { RunOptions } from "../support/run-program.js";
import { runScenario, test } from "../support/scenario.js";

const PERMISSION =
	testedNode >= 24 ? "--permission" : "--experimental-permission";

const OPTIONS: readonly (readonly [string, ...string[]])[] = [
	["--frozen-intrinsics"],
	[
		PERMISSION,
		"--allow-fs-read=*",
		"--allow-fs-write=*",
		...(testedNode >= 25 ? ["--allow-net"] : []),
	],
	["--disable-proto=throw"],
	["--pending-deprecation", "--throw-deprecation"],
];

describe.concurrent("a program is the same, and traced", () => {
	for (const nodeOptions of OPTIONS) {
		test(`with ${nodeOptions.join(" ")}`, async ({ http }) => {
			const [traced, plain] = await both(http, { nodeOptions });
			expect(traced.reports).toEqual(plain.reports);
			expect(traced.exitCode).toBe(plain.exitCode);
			expect(withoutIds(traced.stderr)).toBe(withoutIds(plain.stderr));
			expect(traced.spans.length).toBeGreaterThan(0);
		});
	}
});

test("where no worker thread may be made, what is lost at the end is told with the option that would help", async ({
	http,
}) => {
	const run = await runScenario(
		http,
		async ({ get }) => {
			await get("/");
		},
		{
			nodeOptions: OPTIONS[1],
			environment: {
				OTEL_TRACES_EXPORTER: "otlp",
				OTEL_EXPORTER_OTLP_ENDPOINT: http.origin,
			},
		},
	);
	expect(run.exitCode).toBe(0);
	expect(run.stderr).toMatch(
		/^conntrace: \d+ .*the permission model allows no worker thread, which sends the last spans: --allow-worker/m,
	);
});

test("where nothing can be hooked, one line says so and the program runs untouched", async ({
	http,
}) => {
	const [traced, plain] = await both(http, {
		nodeOptions: ["-r", "./test/programs/frozen-agent.cjs"],
	});
	expect(traced.reports).toEqual(plain.reports);
	expect(traced.exitCode).toBe(0);
	expect(traced.stderr).toMatch(
		/^conntrace: cannot run here, nothing is traced: .*\n$/,
	);
	expect(traced.spans).toEqual([]);
});

function both(http: Parameters<typeof runScenario>[0], options: RunOptions) {
	const run = (preload: "require" | "none") =>
		runScenario(
			http,
			async ({ get, dns, report }) => {
				report((await get("/")).status);
				report((await dns.promises.lookup("127.0.0.1")).address);
			},
			{ ...options, preload },
		);
	return Promise.all([run("require"), run("none")] as const);
}

/** Node's warnings name the process. */
function withoutIds(stderr: string): string {
	return stderr.replace(/\(node:\d+\)/g, "(node)");
}
