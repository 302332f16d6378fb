import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { preloadEnvironment } from "../../src/commands/preload.js";

it("keeps the environment and sends the agent's spans to the receiver", () => {
	expect(
		preloadEnvironment(
			{ NODE_OPTIONS: " --title=a ", CONNTRACE_FLUSH_TIMEOUT: "7", HOME: "/h" },
			["/dist/first.js", "/dist/register.js"],
			"http://127.0.0.1:1/v1/traces",
		),
	).toEqual({
		NODE_OPTIONS:
			"--title=a --require /dist/first.js --require /dist/register.js",
		CONNTRACE_FLUSH_TIMEOUT: "7",
		CONNTRACE_RECEIVER: "http://127.0.0.1:1/v1/traces",
		HOME: "/h",
	});
});

it("names a file in a folder whose name has spaces and quotes", () => {
	const folder = mkdtempSync(join(tmpdir(), 'a "b" c-'));
	try {
		const file = join(folder, "preload.cjs");
		writeFileSync(file, "console.log('loaded')");
		const env = preloadEnvironment(process.env, [file], "");
		const output = execFileSync(process.execPath, ["-e", ""], {
			env: { ...env, NODE_OPTIONS: env.NODE_OPTIONS },
			encoding: "utf8",
		});
		expect(output).toBe("loaded\n");
	} finally {
		rmSync(folder, { recursive: true });
	}
});
